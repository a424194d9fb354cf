"""Rows of webhooks and deliveries: once each, claimed by one, bounded, and deleted in time."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import Actor, IdempotencyKey
from contracts.errors import ConflictError
from contracts.values import new_id
from contracts.webhooks.deliveries import ListDeliveries
from contracts.webhooks.endpoints import ENDINGS
from runtime.postgres.engine import database
from runtime.testing.postgres import PostgresServer
from webhooks.adapters.sql.endpoints import SqlEndpoints, values_of
from webhooks.adapters.sql.log import SqlDeliveries
from webhooks.adapters.sql.recording import SqlRecording
from webhooks.adapters.sql.retention import SqlRetention
from webhooks.adapters.sql.sending import SqlSending
from webhooks.adapters.sql.tables import DELIVERIES, WEBHOOKS
from webhooks.domain.matching import recorded
from webhooks.domain.records import Answer, Webhook
from webhooks.settings import WebhooksSettings

from ..fleet import an_actor, completed  # noqa: TID252  shared by these tests alone

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)
KEPT = timedelta(days=30)


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = await postgres.database_for("webhooks")
    settings = WebhooksSettings(database_url=SecretStr(url), seal_secret=SecretStr("s" * 16))
    async with database(settings) as opened:
        yield opened


def a_webhook(owner_id: UUID, **changes: Any) -> Webhook:
    values: dict[str, Any] = {
        "id": new_id(),
        "owner_id": owner_id,
        "url": "https://a.example/hooks",
        "host": "a.example",
        "event_types": ENDINGS,
        "created_at": NOW,
        "sealed_secret": b"sealed",
    }
    return Webhook(**values | changes)


async def added(engine: AsyncEngine, webhook: Webhook) -> Webhook:
    async with engine.begin() as connection:
        await connection.execute(insert(WEBHOOKS), values_of(webhook))
    return webhook


async def log_of(engine: AsyncEngine, webhook: Webhook, **filters: Any) -> list[Any]:
    query = ListDeliveries(actor=an_actor(), webhook_id=webhook.id, **filters)
    return await SqlDeliveries(engine).page(query, None)


async def count(engine: AsyncEngine, table: Any) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def test_an_event_that_arrives_again_makes_no_second_row(engine: AsyncEngine) -> None:
    actor = an_actor()
    first, second = [await added(engine, a_webhook(actor.user_id)) for _ in range(2)]
    event = recorded(completed(actor, NOW))
    recording = SqlRecording(engine)

    assert await recording.record(event, NOW) == 2
    assert await asyncio.gather(*(recording.record(event, LATER) for _ in range(4))) == [0] * 4
    [one], [other] = [await log_of(engine, webhook) for webhook in (first, second)]
    assert one.id != other.id


async def test_events_from_before_a_webhook_and_of_other_types_are_nothing_to_it(
    engine: AsyncEngine,
) -> None:
    actor = an_actor()
    webhook = await added(engine, a_webhook(actor.user_id))
    other = await added(engine, a_webhook(actor.user_id, event_types=("job.failed",)))
    recording = SqlRecording(engine)
    for minutes, kept in ((-5, 0), (-0.5, 1), (5, 1)):
        event = recorded(completed(actor, NOW + timedelta(minutes=minutes)))
        assert await recording.record(event, NOW) == kept
    assert (len(await log_of(engine, webhook)), await log_of(engine, other)) == (2, [])


async def test_too_many_waiting_deliveries_are_kept_as_failed(engine: AsyncEngine) -> None:
    actor = an_actor()
    webhook = await added(engine, a_webhook(actor.user_id))
    recording = SqlRecording(engine, max_waiting=2)
    for _ in range(3):
        await recording.record(recorded(completed(actor, NOW)), NOW)

    [failed] = await log_of(engine, webhook, status=["failed"])
    assert failed.error == "too many deliveries wait already"
    with pytest.raises(ConflictError):
        await recording.add_test(webhook, "a", "{}", NOW)


async def test_one_replica_claims_a_delivery_and_a_lost_claim_is_due_again(
    engine: AsyncEngine,
) -> None:
    actor = an_actor()
    await added(engine, a_webhook(actor.user_id))
    await SqlRecording(engine).record(recorded(completed(actor, NOW)), NOW)
    sending = SqlSending(engine, lambda: None)
    [due] = await sending.due(NOW, [], [])

    claims = await asyncio.gather(*(sending.claim([due.id], NOW, LATER) for _ in range(4)))
    [claimed] = [one for found in claims for one in found]
    assert await sending.due(NOW, [], []) == []
    [again] = await sending.claim([one.id for one in await sending.due(LATER, [], [])], LATER, NOW)
    assert (claimed.id, claimed.tries, again.tries) == (again.id, 1, 2)
    assert again.began_at == claimed.began_at == NOW
    assert await sending.due(LATER, [actor.user_id], []) == []
    assert await sending.due(LATER, [], [(actor.user_id, "a.example")]) == []

    await sending.succeeded(claimed, Answer(200), LATER)
    assert await sending.due(LATER + timedelta(days=9), [], []) == []


async def test_an_owner_has_at_most_so_many_webhooks_and_a_key_never_shows_a_secret_again(
    engine: AsyncEngine,
) -> None:
    owner_id, endpoints = new_id(), SqlEndpoints(engine)
    key = IdempotencyKey(key="k", body_digest="d")
    first = a_webhook(owner_id)
    assert await endpoints.add(first, 2, key) is first
    assert await endpoints.add(a_webhook(owner_id, id=first.id), 2, None) == first
    for refused, code in (
        (endpoints.add(a_webhook(owner_id), 2, key), "idempotency_key_used"),
        (
            endpoints.add(a_webhook(owner_id), 2, IdempotencyKey(key="k", body_digest="e")),
            "idempotency_key_reused",
        ),
        (endpoints.add(a_webhook(new_id(), id=first.id), 2, None), "webhook_id_taken"),
    ):
        with pytest.raises(ConflictError) as error:
            await refused
        assert error.value.code == code
    many = (endpoints.add(a_webhook(owner_id), 4, None) for _ in range(6))
    made = await asyncio.gather(*many, return_exceptions=True)
    assert sum(isinstance(one, ConflictError) for one in made) == 3


async def test_old_deliveries_surplus_ones_and_webhooks_of_ended_jobs_are_deleted(
    engine: AsyncEngine,
) -> None:
    actor, other = Actor(user_id=new_id()), Actor(user_id=new_id())
    recording = SqlRecording(engine)
    for owner in (actor, other):
        await added(engine, a_webhook(owner.user_id))
    for days in (0, 1, 2, 3):
        now = NOW + timedelta(days=days)
        await recording.record(recorded(completed(actor, now)), now)
    await recording.record(recorded(completed(other, NOW)), NOW)
    never, ended, waits = [
        await added(engine, a_webhook(actor.user_id, is_of_job=True)) for _ in range(3)
    ]
    async with engine.begin() as connection:
        for webhook, values in (
            (ended, {"appeared_at": NOW, "ended_at": NOW}),
            (waits, {"appeared_at": NOW}),
        ):
            await connection.execute(
                update(WEBHOOKS).where(WEBHOOKS.c.id == webhook.id).values(**values)
            )
    retention = SqlRetention(engine, max_deliveries=3)

    await retention.delete_old(NOW + timedelta(days=4), KEPT)
    left = {(await find_ids(engine, WEBHOOKS)).issuperset({one.id}) for one in (ended, waits)}
    assert (await count(engine, DELIVERIES), left) == (4, {True})
    assert never.id not in await find_ids(engine, WEBHOOKS)
    await retention.delete_old(NOW + timedelta(days=32), KEPT)
    assert await count(engine, DELIVERIES) == 2
    assert await find_ids(engine, WEBHOOKS) & {ended.id, waits.id} == {waits.id}


async def find_ids(engine: AsyncEngine, table: Any) -> set[UUID]:
    async with engine.connect() as connection:
        return set((await connection.execute(select(table.c.id))).scalars())


async def test_a_replay_of_many_takes_the_oldest_for_which_there_is_room(
    engine: AsyncEngine,
) -> None:
    actor = an_actor()
    webhook = await added(engine, a_webhook(actor.user_id))
    recording = SqlRecording(engine, max_waiting=1)
    for hours in range(4):
        at = NOW + timedelta(hours=hours)
        await recording.record(recorded(completed(actor, at)), at)
    replays = SqlDeliveries(engine, max_waiting=3)

    replayed = await replays.replay_failed(webhook.id, NOW, LATER)
    assert (replayed.replayed_count, replayed.left_count) == (2, 1)
    [left] = await log_of(engine, webhook, status=["failed"])
    assert left.created_at == NOW + timedelta(hours=3)
    with pytest.raises(ConflictError):
        await replays.replay(webhook.id, left.id, LATER)


async def test_webhooks_of_jobs_that_have_not_appeared_are_bounded(engine: AsyncEngine) -> None:
    actor, endpoints = an_actor(), SqlEndpoints(engine)
    first, *others = [a_webhook(actor.user_id, is_of_job=True) for _ in range(3)]
    for webhook in (first, first, others[0]):
        await endpoints.add_of_job(webhook, 2)
    with pytest.raises(ConflictError):
        await endpoints.add_of_job(others[1], 2)
    await SqlRecording(engine).record(recorded(completed(actor, NOW, first.id)), NOW)
    await endpoints.add_of_job(others[1], 2)

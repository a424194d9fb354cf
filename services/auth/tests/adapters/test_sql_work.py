import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.adapters.jose_keyring import JoseKeyring
from auth.adapters.sql_work import SqlUnitOfWork
from auth.domain.api_keys import EXPIRED_KEPT, ApiKey
from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.sessions import ENDED_KEPT, MAX_PER_USER, Session
from auth.handlers.administrator import ensure_administrator
from auth.handlers.upkeep import prune
from auth.settings import AuthSettings
from contracts.access import LimitOverrides, Priority
from contracts.auth.audit import AuditFilters
from contracts.errors import UnavailableError
from contracts.values import new_id
from runtime.postgres.engine import database
from runtime.testing.ports import free_port
from runtime.testing.postgres import PostgresServer

from ..fakes import FakeAuth, a_user  # noqa: TID252  shared by these tests alone

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def settings_for(url: str) -> AuthSettings:
    return AuthSettings(database_url=SecretStr(url), key_secret=SecretStr("k" * 16))


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    async with database(settings_for(await postgres.database_for("auth"))) as opened:
        yield opened


@pytest.fixture
def work(engine: AsyncEngine) -> SqlUnitOfWork:
    return SqlUnitOfWork(engine, lambda: None)


async def count(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608  a test's own names


async def test_users_come_back_as_they_were_saved_and_are_announced(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    user = a_user(own_limits=LimitOverrides(max_waiting_jobs=3, max_priority=Priority.BATCH))
    async with work() as transaction:
        await transaction.save_user(user)
    changed = replace(user, is_blocked=True)
    async with work() as transaction:
        await transaction.save_user(changed)

    async with work() as transaction:
        assert await transaction.user(user.id) == changed
        assert await transaction.user_by_email(user.email) == changed
        assert await transaction.user_by_email("nobody") is None
    assert await count(engine, "outbox") == 2


async def test_sessions_and_keys_come_back_as_they_were_saved(work: SqlUnitOfWork) -> None:
    user, key = a_user(), JoseKeyring("secret").generate(NOW)
    session = Session(uuid4(), user.id, NOW, NOW, b"digest")
    rotated = replace(session, digest=b"next", used_digest=b"digest", used_by=uuid4())
    async with work() as transaction:
        await transaction.save_user(user)
        await transaction.save_session(session)
        await transaction.save_session(rotated)
        await transaction.add_key(key)

    async with work() as transaction:
        assert await transaction.session(session.id) == rotated
        assert await transaction.keys() == [key]
        await transaction.end_session(rotated, NOW)
        await transaction.delete_key(key)
        assert await transaction.session(session.id) is None
        assert await transaction.keys() == []


async def test_api_keys_come_back_and_are_published_with_their_user(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    user = a_user()
    keys = [an_api_key(user.id, NOW + timedelta(days=number)) for number in range(2)]
    async with work() as transaction:
        await transaction.save_user(user)
        for key in keys:
            await transaction.add_api_key(key)
        await transaction.mark_used([keys[0].id], NOW)

    used = replace(keys[0], last_used_at=NOW)
    async with work() as transaction:
        assert await transaction.api_keys(user.id) == [keys[1], used]
        [principal] = await transaction.principals()
        assert {key.id for key in principal.api_keys} == {key.id for key in keys}
        await transaction.delete_api_key(used)
        assert await transaction.api_keys(user.id) == [keys[1]]
    assert await count(engine, "outbox") == 4


async def test_keys_that_expired_long_ago_are_pruned(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    user = a_user()
    async with work() as transaction:
        await transaction.save_user(user)
        for expires_at in (NOW - EXPIRED_KEPT, NOW, None):
            await transaction.add_api_key(an_api_key(user.id, NOW, expires_at=expires_at))

    await prune(replace(FakeAuth().service, unit_of_work=work, clock=lambda: NOW))

    assert await count(engine, "api_keys") == 2


async def test_the_log_is_read_by_user_fact_and_time_and_published(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    one, other = new_id(), new_id()
    entries = [
        AuditEntry(AuditFact.LOGGED_IN, one, actor_id=one),
        AuditEntry(AuditFact.LOGIN_REFUSED, None, "bad_credentials"),
        AuditEntry(AuditFact.USER_CREATED, other, "role user", one),
    ]
    async with work() as transaction:
        for hour, entry in enumerate(entries):
            await transaction.add_entry(entry, NOW + timedelta(hours=hour))

        async def found(before: int | None = None, most: int = 9, **filters: Any) -> list[int]:
            wanted = AuditFilters.model_validate(filters)
            stored = await transaction.read_entries(wanted, before, most)
            return [entries.index(one.entry) for one in stored]

        assert await found() == [2, 1, 0]
        assert await found(user_id=one) == [2, 0]
        assert await found(user_id=other) == [2]
        assert await found(fact=["login_refused"]) == [1]
        assert await found(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=2)) == [1]
        [last] = await transaction.read_entries(AuditFilters(), None, 1)
        assert await found(before=last.number) == [1, 0]
    assert await count(engine, "outbox") == len(entries)


def an_api_key(user_id: UUID, created_at: datetime, **more: Any) -> ApiKey:
    key_id = new_id()
    scopes = ["jobs:run"]
    return ApiKey(key_id, user_id, "a", "cf_", key_id.hex, scopes, created_at, **more)


async def test_a_unit_of_work_that_fails_leaves_nothing(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    async def save_and_fail() -> None:
        async with work() as transaction:
            await transaction.save_user(a_user())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await save_and_fail()

    assert await count(engine, "users") == await count(engine, "outbox") == 0


async def test_replicas_that_start_together_make_one_admin(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    auth = replace(FakeAuth().service, unit_of_work=work)

    def start() -> asyncio.Task[None]:
        return asyncio.create_task(ensure_administrator(auth))

    await asyncio.gather(*(start() for _ in range(5)))

    assert await count(engine, "users") == await count(engine, "audit") == 1
    assert await count(engine, "outbox") == 2


async def test_what_is_over_or_too_much_is_pruned(work: SqlUnitOfWork, engine: AsyncEngine) -> None:
    user = a_user()
    async with work() as transaction:
        await transaction.save_user(user)
        for age in [timedelta(days=31), *[timedelta()] * (MAX_PER_USER + 3)]:
            session = Session(new_id(), user.id, NOW - age, NOW - age + timedelta(days=30), b"")
            await transaction.save_session(session)
        for ended_at in (NOW - ENDED_KEPT, NOW):
            session = Session(new_id(), user.id, NOW, NOW + timedelta(days=30), b"")
            await transaction.end_session(session, ended_at)
        await transaction.add_entry(
            AuditEntry(AuditFact.LOGGED_IN, user.id), NOW - timedelta(days=91)
        )
        await transaction.add_entry(AuditEntry(AuditFact.LOGGED_IN, user.id), NOW)

    await prune(replace(FakeAuth().service, unit_of_work=work, clock=lambda: NOW))

    assert await count(engine, "sessions") == MAX_PER_USER + 1
    assert await count(engine, "audit") == 1


async def test_a_clock_that_jumps_ahead_ends_no_session_for_good(
    work: SqlUnitOfWork, engine: AsyncEngine
) -> None:
    user, now = a_user(), datetime.now(UTC)
    async with work() as transaction:
        await transaction.save_user(user)
        session = Session(new_id(), user.id, now, now + timedelta(days=30), b"")
        await transaction.save_session(session)
        await transaction.add_entry(AuditEntry(AuditFact.LOGGED_IN, user.id), now)

    later = now + timedelta(days=400)
    await prune(replace(FakeAuth().service, unit_of_work=work, clock=lambda: later))

    assert await count(engine, "sessions") == await count(engine, "audit") == 1


async def test_without_a_database_the_caller_is_told_to_come_back() -> None:
    async with database(settings_for(f"postgresql://auth@127.0.0.1:{free_port()}/none")) as engine:
        with pytest.raises(UnavailableError, match="database does not answer"):
            async with SqlUnitOfWork(engine, lambda: None)() as transaction:
                await transaction.user(uuid4())

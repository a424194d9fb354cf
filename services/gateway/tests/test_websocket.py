"""The WebSocket of live events: the frames of the event streams, with pictures."""

import json
import time
from base64 import b64encode
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.agent import AttemptPreviewed
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .batches import a_batch_fleet
from .fleet import Fleet, a_fleet
from .sockets import Messages, subscribed, talking
from .test_batch_events import a_batch

PICTURE = b"\xff\xd8 a picture"


def names(messages: list[Any]) -> list[str]:
    return [message["event"] for message in messages]


async def test_it_tells_of_one_job_until_it_has_ended(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job_id = fleet.scheduler.add(fleet.user_id).id
        async with subscribed(fleet, topic="job", id=str(job_id)) as messages:
            first = await messages.next()
            await fleet.scheduler.start(job_id)
            await fleet.scheduler.complete(job_id)
            told, code, _ = await messages.rest()
        async with subscribed(fleet, topic="job", id=str(job_id), last_event_id="3") as messages:
            again = await messages.rest()

    assert (first["event"], first["data"]["id"]) == ("job.snapshot", str(job_id))
    assert names(told) == ["job.started", "job.completed"]
    assert [message["id"] for message in told] == ["2", "3"]
    assert told[1]["data"]["outputs"]
    assert code == 1000
    assert again == ([], 1000, "finished")


async def test_it_goes_on_after_the_last_event_without_gap_or_repeat(nats: NatsServer) -> None:
    for ring_size in (1_000, 1):
        async with a_fleet(nats, ring_size=ring_size) as fleet:
            job_id = fleet.scheduler.add(fleet.user_id).id
            async with subscribed(fleet) as messages:
                seen = (await messages.next())["id"]
            await fleet.scheduler.start(job_id)
            await fleet.scheduler.complete(job_id)
            async with subscribed(fleet, last_event_id=seen) as messages:
                told = [await messages.fact() for _ in range(2)]

            assert names(told) == ["job.started", "job.completed"]


async def test_without_jobs_it_begins_with_a_position_to_come_back_to(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        async with subscribed(fleet) as messages:
            position = await messages.next()
        await fleet.scheduler.queue(fleet.scheduler.add(fleet.user_id).id)
        async with subscribed(fleet, last_event_id=position["id"]) as messages:
            queued = await messages.fact()

    assert position == {"event": "position", "id": position["id"]}
    assert queued["event"] == "job.queued"


async def test_it_tells_of_a_batch_until_its_last_job_has_ended(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        path, job_ids = await a_batch(fleet, 2)
        async with subscribed(fleet, topic="batch", id=path.split("/")[3]) as messages:
            for job_id in job_ids:
                await messages.next()
                await fleet.scheduler.complete(job_id)
            told, code, _ = await messages.rest()

    assert names(told)[-1] == "batch.finished"
    assert code == 1000


async def preview(fleet: Fleet, job_id: UUID) -> None:
    signal = AttemptPreviewed(
        node_id=uuid4(),
        owner_id=fleet.user_id,
        job_id=job_id,
        content_type="image/jpeg",
        data=b64encode(PICTURE).decode(),
    )
    await fleet.agent.signal(signal)


def read_picture(message: bytes) -> tuple[Any, bytes]:
    length = int.from_bytes(message[:4], "big")
    return json.loads(message[4 : 4 + length]), message[4 + length :]


async def test_previews_are_pictures_for_those_who_want_them(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job_id = fleet.scheduler.add(fleet.user_id).id
        async with subscribed(fleet) as mine, subscribed(fleet, previews=False) as other:
            for messages in (mine, other):
                await messages.next()
            await preview(fleet, job_id)
            head, picture = read_picture(await mine.next())
            await fleet.scheduler.start(job_id)
            after = await other.next()

    assert picture == PICTURE
    assert (head["event"], head["data"]["job_id"]) == ("job.preview", str(job_id))
    assert "data" not in head["data"]
    assert after["event"] == "job.started"


async def test_what_is_anothers_does_not_exist(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        theirs = fleet.scheduler.add(uuid4()).id
        async with subscribed(fleet, topic="job", id=str(theirs)) as messages:
            assert await messages.rest() == ([], 4404, "not_found")


@pytest.mark.parametrize(
    ("claims", "code"), [({"exp": 1}, 4401), ({"permissions": ["media:read"]}, 4403)]
)
async def test_a_token_without_the_right_is_refused_by_a_code_that_pages_can_see(
    nats: NatsServer, claims: dict[str, Any], code: int
) -> None:
    async with a_fleet(nats) as fleet:
        token = fleet.signer.token(fleet.user_id, **claims)
        async with talking(fleet, token) as messages:
            assert (await messages.rest())[1] == code


async def test_it_closes_when_the_token_expires_unless_a_fresh_one_came(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        expiry = int(time.time()) + 2
        short = fleet.headers(exp=expiry)["Authorization"].removeprefix("Bearer ")
        async with talking(fleet, short) as kept, talking(fleet, short) as left:
            for messages in (kept, left):
                await messages.say(type="subscribe")
                await messages.next()
            await kept.say(type="token", token=fleet.signer.token(fleet.user_id))
            accepted = await kept.next()
            ended = await left.rest()
            await fleet.scheduler.queue(fleet.scheduler.add(fleet.user_id).id)
            told = await kept.next()

    assert accepted["event"] == "token.accepted"
    assert accepted["data"]["seconds_left"] > 800
    assert ended == ([], 4401, "unauthorized")
    assert time.time() >= expiry
    assert told["event"] == "job.queued"


@pytest.mark.parametrize("principal", [{"is_blocked": True}, {"sessions_valid_from": 2**40}])
async def test_it_closes_when_its_user_is_blocked_or_signed_out(
    nats: NatsServer, principal: dict[str, Any]
) -> None:
    async with a_fleet(nats) as fleet, subscribed(fleet) as messages:
        await messages.next()
        await fleet.has_user(fleet.user_id, **principal)

        assert await messages.rest(6.0) == ([], 4401, "unauthorized")


async def test_a_token_of_another_user_does_not_go_on(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet, subscribed(fleet) as messages:
        await messages.next()
        other = uuid4()
        await fleet.has_new_user(other)
        await messages.say(type="token", token=fleet.signer.token(other))

        assert (await messages.rest())[1] == 4422


async def refused(messages: Messages) -> int:
    return (await messages.rest())[1]


async def test_words_that_nobody_understands_close_it(nats: NatsServer) -> None:
    words: list[dict[str, Any]] = [
        {"type": "subscribe", "topic": "nodes"},
        {"type": "subscribe", "topic": "job"},
        {"type": "subscribe", "id": str(uuid4())},
        {"type": "subscribe", "more": 1},
        {"type": "token", "token": "x"},
        {},
    ]
    async with a_fleet(nats) as fleet:
        for word in words:
            async with talking(fleet) as messages:
                await messages.say(**word)
                assert await refused(messages) == 4422


async def test_places_are_those_of_the_event_streams(nats: NatsServer) -> None:
    async with a_fleet(nats, max_streams_per_user=1) as fleet:
        async with subscribed(fleet) as messages:
            await messages.next()
            async with subscribed(fleet) as second:
                assert await second.rest() == ([], 4429, "too_many_streams")
            assert (await fleet.client.get("/v1/events")).status_code == 429

        async def is_free() -> bool:
            async with fleet.client.stream("GET", "/v1/events") as answer:
                return answer.status_code == 200

        await eventually(is_free)

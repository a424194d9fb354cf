"""Streams last as long as the right to them: the token's life, and the account's word."""

import time
from typing import Any

import pytest

from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .sse import following

LONG_BEFORE_THE_NEXT_COMMENT = 6.0


async def paths_of(fleet: Fleet) -> tuple[str, str]:
    return f"/v1/jobs/{fleet.scheduler.add(fleet.user_id).id}/events", "/v1/events"


@pytest.mark.parametrize(
    "principal", [{"is_blocked": True}, {"sessions_valid_from": 2**40}, {"permissions": []}]
)
async def test_a_stream_ends_when_its_user_is_blocked_or_signed_out(
    nats: NatsServer, principal: dict[str, Any]
) -> None:
    async with a_fleet(nats) as fleet:
        one, mine = await paths_of(fleet)
        async with following(fleet.client, one) as first, following(fleet.client, mine) as second:
            await first.next()
            await second.next()
            await fleet.has_user(fleet.user_id, **principal)

            assert await first.rest(LONG_BEFORE_THE_NEXT_COMMENT) == []
            assert await second.rest(LONG_BEFORE_THE_NEXT_COMMENT) == []


async def test_a_stream_ends_with_its_token_and_goes_on_with_a_fresh_one(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        one, mine = await paths_of(fleet)
        short = fleet.headers(exp=int(time.time()) + 2)
        job_id = next(iter(fleet.scheduler.jobs))
        async with following(fleet.client, one, headers=short) as first:
            async with following(fleet.client, mine, headers=short) as second:
                await fleet.scheduler.start(job_id)
                seen = (await second.rest(LONG_BEFORE_THE_NEXT_COMMENT))[-1].id
            names = [frame.name for frame in await first.rest(LONG_BEFORE_THE_NEXT_COMMENT)]
        await fleet.scheduler.complete(job_id)
        async with following(fleet.client, mine, seen) as fresh:
            completed = await fresh.next()

        assert names == ["job.snapshot", "job.started"]
        assert completed.name == "job.completed"

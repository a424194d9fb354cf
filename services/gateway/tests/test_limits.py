"""Limits of requests: per address, over replicas, and under overload; each says when to return."""

import asyncio

import httpx
import pytest

from gateway.http import overload
from gateway.http.admission import address_of
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .replicas import a_replica
from .sse import following

SLOW = {"rate_per_second": 0.001, "address_rate_per_second": 0}
BURST = 400


def says_when(answer: httpx.Response) -> bool:
    return int(answer.headers["retry-after"]) >= 1


async def test_an_address_that_asks_too_often_is_refused_before_any_work(nats: NatsServer) -> None:
    async with a_fleet(nats, address_rate_per_second=0.01, address_rate_burst=3) as fleet:
        answers = [await fleet.client.get("/version") for _ in range(4)]
        job = await fleet.post_job({"workflow": "solid"})
        ready = await fleet.client.get("/readyz")

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert job.json()["type"].endswith(":rate_limited")
    assert job.headers["ratelimit-limit"] == "3"
    assert job.headers["ratelimit-remaining"] == "0"
    assert job.headers["access-control-allow-origin"] == "*"
    assert job.headers["x-content-type-options"] == "nosniff"
    assert says_when(job)
    assert ready.status_code == 200


async def test_replicas_share_the_limit_of_a_user(nats: NatsServer) -> None:
    async with (
        a_fleet(nats, rate_burst=BURST, **SLOW) as fleet,
        a_replica(nats, rate_burst=BURST, **SLOW) as replica,
        httpx.AsyncClient(base_url=replica.url, headers=fleet.headers()) as other,
    ):
        while (await fleet.client.get("/v1/workflows")).status_code == 200:
            pass
        asked = 0

        async def is_refused() -> bool:
            nonlocal asked
            asked += 1
            return (await other.get("/v1/workflows")).status_code == 429

        await eventually(is_refused)

    assert asked < BURST / 2, "it had a limit of its own"


async def test_too_many_requests_at_once_are_refused_and_then_served_again(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats, max_requests=1) as fleet:
        waiting = asyncio.create_task(fleet.post_job({"workflow": "solid"}, Prefer="wait=20"))
        await eventually(lambda: bool(fleet.scheduler.jobs))
        refused = await fleet.client.get("/version")
        [job_id] = fleet.scheduler.jobs
        await fleet.scheduler.complete(job_id)
        made = await waiting
        served = await fleet.client.get("/version")

    assert (refused.status_code, made.status_code, served.status_code) == (503, 201, 200)
    assert refused.json()["type"].endswith(":overloaded")
    assert says_when(refused)


async def test_open_streams_are_no_requests_that_wait(nats: NatsServer) -> None:
    async with a_fleet(nats, max_requests=1) as fleet:
        fleet.scheduler.add(fleet.user_id)
        async with following(fleet.client, "/v1/events") as frames:
            await frames.next()
            assert (await fleet.client.get("/version")).status_code == 200


async def test_a_lagging_gateway_refuses_a_share_and_recovers(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overload, "BEARABLE_SECONDS", -1.0)
    monkeypatch.setattr(overload, "WORST_SECONDS", -0.5)

    async def statuses(fleet: Fleet) -> set[int]:
        return {(await fleet.client.get("/version")).status_code for _ in range(20)}

    async with a_fleet(nats) as fleet:
        assert await statuses(fleet) == {200, 503}
        monkeypatch.undo()
        assert await statuses(fleet) == {200}


async def test_every_refusal_for_too_many_of_something_says_when_to_return(
    nats: NatsServer,
) -> None:
    async with (
        a_fleet(nats, max_streams_per_user=1) as fleet,
        following(fleet.client, f"/v1/jobs/{fleet.scheduler.add(fleet.user_id).id}/events"),
    ):
        answer = await fleet.client.get("/v1/events")

    assert answer.status_code == 429
    assert says_when(answer)
    assert answer.headers["ratelimit-remaining"] == "0"
    assert {"ratelimit-limit", "ratelimit-reset"} <= answer.headers.keys()


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("not an address", ""),
    ],
)
def test_an_address_counts_as_that_of_one_customer(host: str, counted: str) -> None:
    assert address_of({"type": "http", "client": (host, 1), "headers": []}) == counted

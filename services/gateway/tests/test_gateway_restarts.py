"""Gateways restart while clients watch: each client sees every fact exactly once."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .replicas import Replica, a_replica
from .sockets import talking
from .sse import following

WATCHERS = int(os.environ.get("WATCHERS", "20"))
MANY = {"max_streams_per_user": 1_000, "rate_per_second": 0, "address_rate_per_second": 0}
ROUNDS = 4
JOBS = 5
LEFT = (httpx.TransportError, WebSocketException, OSError, StopAsyncIteration, TimeoutError)


class Watcher:
    """Follows all jobs of the user; comes back with the last id until all have ended."""

    def __init__(self, fleet: Fleet, url: str) -> None:
        self.fleet, self.url = fleet, url
        self.last_id: str | None = None
        self.seen = Counter[tuple[str, int]]()

    def take(self, name: str, id_: str | None, data: Any) -> None:
        self.last_id = id_ or self.last_id
        if name.startswith("job.") and name != "job.snapshot":
            self.seen[data.get("job_id") or data["id"], data["version"]] += 1

    async def by_socket(self) -> None:
        wish = {"last_event_id": self.last_id} if self.last_id else {}
        async with talking(self.fleet, url=self.url) as messages:
            await messages.say(type="subscribe", **wish)
            while True:
                message = await messages.next(30)
                self.take(message["event"], message.get("id"), message.get("data"))

    async def by_stream(self) -> None:
        async with (
            httpx.AsyncClient(
                base_url=self.url, trust_env=False, headers=self.fleet.headers()
            ) as client,
            following(client, "/v1/events", self.last_id, ids=self.note) as frames,
        ):
            while True:
                frame = await frames.next(30)
                self.take(frame.name, frame.id, frame.data)

    def note(self, id_: str) -> None:
        self.last_id = id_

    async def watch(self, connect: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(*LEFT):
                await connect()
            await asyncio.sleep(0.05)  # a client that cannot connect waits


async def live(fleet: Fleet) -> set[tuple[str, int]]:
    """Queue, start and complete jobs; return job and version of every fact."""
    facts = set[tuple[str, int]]()
    for _ in range(JOBS):
        job_id = fleet.scheduler.add(fleet.user_id).id
        await fleet.scheduler.queue(job_id)
        await fleet.scheduler.start(job_id)
        await fleet.scheduler.complete(job_id)
        facts |= {(str(job_id), version) for version in (1, 2, 3)}
    return facts


async def restart_meanwhile(fleet: Fleet, replica: Replica) -> set[tuple[str, int]]:
    facts = await live(fleet)
    for how in (signal.SIGTERM, signal.SIGKILL) * (ROUNDS // 2):
        stopping = asyncio.create_task(replica.stop(how))
        facts |= await live(fleet)
        await stopping
        facts |= await live(fleet)
        await replica.start()
        facts |= await live(fleet)
    return facts


async def test_each_watcher_sees_every_fact_exactly_once_over_restarts(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet, a_replica(nats, **MANY) as replica:
        sockets = [Watcher(fleet, replica.url) for _ in range(WATCHERS)]
        streams = [Watcher(fleet, replica.url) for _ in range(WATCHERS)]
        async with asyncio.timeout(100):
            tasks = [asyncio.create_task(one.watch(one.by_socket)) for one in sockets]
            tasks += [asyncio.create_task(one.watch(one.by_stream)) for one in streams]
            watchers = [*sockets, *streams]
            await eventually(lambda: all(one.last_id for one in watchers), 30)
            facts = await restart_meanwhile(fleet, replica)
            await eventually(lambda: not any(facts - one.seen.keys() for one in watchers), 30)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert len(facts) == 3 * JOBS * (1 + 3 * ROUNDS)
    assert all(one.seen == dict.fromkeys(facts, 1) for one in watchers)

"""What each NATS user really may do, tried against a real server for every message."""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.aio.client import Client

from contracts.catalogue import MESSAGES
from contracts.services import SERVICES, Service
from contracts.topology import inbox_prefix, is_heard, is_owned
from runtime.testing.servers import NatsServer, nats_server


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """One of its own: what is published here is no message that others could read."""
    with nats_server(tmp_path) as server:
        yield server


class Probe:
    """A raw connection that remembers what the server refused."""

    def __init__(self) -> None:
        self.refused = list[str]()
        self.client = Client()

    async def on_error(self, error: Exception) -> None:
        self.refused.append(str(error).lower())

    async def publish_all(self, subjects: list[str]) -> set[str]:
        """Publish to each and return those that were refused."""
        for subject in subjects:
            await self.client.publish(subject, b"{}")
        return await self._refusals(subjects)

    async def subscribe_all(self, subjects: list[str]) -> set[str]:
        for subject in subjects:
            await self.client.subscribe(subject)
        return await self._refusals(subjects)

    async def _refusals(self, subjects: list[str]) -> set[str]:
        await self.client.flush()
        await asyncio.sleep(0.1)  # refusals arrive beside the flush, in their own task
        return {s for s in subjects if any(f'"{s.lower()}"' in line for line in self.refused)}


async def a_probe(stack: AsyncExitStack, nats: NatsServer, service: Service) -> Probe:
    probe = Probe()
    await probe.client.connect(
        nats.url,
        user=service,
        password=nats.passwords[service],
        error_cb=probe.on_error,
        inbox_prefix=inbox_prefix(service),
        allow_reconnect=False,
    )
    stack.push_async_callback(probe.client.close)
    return probe


async def test_each_service_publishes_what_its_contracts_say_and_nothing_else(
    nats: NatsServer,
) -> None:
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            probe = await a_probe(stack, nats, service)
            subjects = {message.pattern().replace("*", "x"): message for message in MESSAGES}
            others = {s for s, message in subjects.items() if service not in message.sent_by}
            beyond = {"$KV.elsewhere.x", "$JS.API.STREAM.DELETE.EVENTS", "anything"}

            assert await probe.publish_all([*subjects, *beyond]) == others | beyond


async def test_each_service_hears_what_its_contracts_say_and_nothing_else(
    nats: NatsServer,
) -> None:
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            probe = await a_probe(stack, nats, service)
            patterns = {message.pattern(): message for message in MESSAGES}
            mine = {p for p, m in patterns.items() if is_owned(m, service) or is_heard(m, service)}
            foreign = [f"{inbox_prefix(other)}.>" for other in SERVICES if other != service]
            beyond = {*foreign, ">", "_INBOX.>", "$JS.>"}

            refused = await probe.subscribe_all([*patterns, *beyond])
            assert refused == (set(patterns) - mine) | beyond


async def test_a_stranger_is_refused(nats: NatsServer) -> None:
    for user, password in (("gateway", "wrong"), ("nobody", ""), ("", "")):
        reader, writer = await asyncio.open_connection("127.0.0.1", nats.port)
        await reader.readline()
        said = {"user": user, "pass": password, "verbose": True}
        writer.write(f"CONNECT {json.dumps(said)}\r\nPING\r\n".encode())
        answer = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        await writer.wait_closed()
        assert b"Authorization Violation" in answer

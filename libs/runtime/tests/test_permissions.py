"""Every NATS user tries every message on a real server: its permissions hold."""

# nats-py is only partly typed; see bus/client.py.
# pyright: reportUnknownMemberType=false

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.aio.client import Client

from contracts.auth.sessions import EndSession
from contracts.errors import UnavailableError
from contracts.message import Accepted, Message, Request, Signal
from contracts.messages import MESSAGES
from contracts.permissions import subscribers
from contracts.scheduler.claims import SchedulerLed
from contracts.services import SERVICES, ServiceName
from contracts.topology import inbox_prefix
from runtime.bus import event_stream
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, nats_server


def listens(service: ServiceName, message: type[Message]) -> bool:
    """The service answers this request, or receives this signal."""
    if issubclass(message, Request):
        return message.owner() == service
    return issubclass(message, Signal) and service in message.received_by


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


async def a_probe(stack: AsyncExitStack, nats: NatsServer, service: ServiceName) -> Probe:
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
            mine = {p for p, m in patterns.items() if listens(service, m)}
            foreign = [f"{inbox_prefix(other)}.>" for other in SERVICES if other != service]
            beyond = {*foreign, ">", "_INBOX.>", "$JS.>"}

            refused = await probe.subscribe_all([*patterns, *beyond])
            assert refused == (set(patterns) - mine) | beyond


async def test_who_writes_a_bucket_cannot_have_it_delivered_as_a_command(nats: NatsServer) -> None:
    """The server lets it name any subject for the delivery; the receiver must notice."""
    heard = list[str]()

    async def end(command: EndSession) -> Accepted:
        heard.append(command.refresh_token)
        return Accepted()

    async with AsyncExitStack() as stack:
        auth, gateway = [await a_bus(stack, nats, name) for name in ("auth", "gateway")]
        await auth.serve(EndSession, end, shared=False)
        forged = EndSession(refresh_token="forged")
        await deliver(stack, nats, forged.encode(), EndSession.subject)
        await gateway.call(EndSession(refresh_token="meant"))
    assert heard == ["meant"]


async def test_nor_as_a_signal(nats: NatsServer) -> None:
    heard = list[int]()

    async def hear(signal: SchedulerLed) -> None:
        heard.append(signal.epoch)

    async with AsyncExitStack() as stack:
        agent, scheduler = [await a_bus(stack, nats, name) for name in ("node-agent", "scheduler")]
        await agent.subscribe(SchedulerLed, hear)
        await deliver(stack, nats, SchedulerLed(epoch=1_000).encode(), SchedulerLed.subject)
        await scheduler.signal(SchedulerLed(epoch=7))
        await eventually(lambda: 7 in heard)
    assert heard == [7]


async def a_bus(stack: AsyncExitStack, nats: NatsServer, service: ServiceName) -> Bus:
    password = nats.passwords[service]
    return await stack.enter_async_context(
        Bus.connect(nats.url, service=service, password=password)
    )


async def deliver(stack: AsyncExitStack, nats: NatsServer, body: bytes, subject: str) -> None:
    """As the registry, store `body` in its bucket and have it delivered to `subject`."""
    forger = (await a_probe(stack, nats, "workflow-registry")).client
    stream = "KV_workflows"
    await forger.publish("$KV.workflows.x", body)
    config = {"deliver_subject": subject, "deliver_policy": "all", "ack_policy": "none"}
    wish = json.dumps({"stream_name": stream, "config": config}).encode()
    made = await forger.request(f"$JS.API.CONSUMER.CREATE.{stream}", wish, timeout=5)
    consumer = json.loads(made.data)["name"]

    async def is_delivered() -> bool:
        asked = f"$JS.API.CONSUMER.INFO.{stream}.{consumer}"
        answer = await forger.request(asked, b"", timeout=5)
        return json.loads(answer.data)["delivered"]["consumer_seq"] == 1

    await eventually(is_delivered)


async def test_nobody_touches_the_consumer_or_the_dead_letters_of_another_service(
    nats: NatsServer,
) -> None:
    async with AsyncExitStack() as stack:
        for one in subscribers():
            name, fact = one.name, "event.node.added.v1.x"
            own = {
                f"$JS.API.CONSUMER.CREATE.EVENTS.{name}.{one.pattern}",
                f"$JS.API.CONSUMER.CREATE.RETRIES.{name}.{one.retry_subject('>')}",
                *(f"$JS.API.CONSUMER.MSG.NEXT.{s}.{name}" for s in ("EVENTS", "RETRIES")),
                *(f"$JS.ACK.{stream}.{name}.1.1.1.1.0" for stream in ("EVENTS", "RETRIES")),
                one.dead_subject(fact),
            }
            beyond = {
                f"$JS.API.CONSUMER.CREATE.EVENTS.{name}",
                f"$JS.API.CONSUMER.CREATE.EVENTS.{name}.event.>",
                f"$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.{name}",
                f"$JS.API.CONSUMER.INFO.EVENTS.{name}",
                f"$JS.API.CONSUMER.DELETE.EVENTS.{name}",
                "$JS.API.CONSUMER.CREATE.EVENTS",
                "$JS.API.STREAM.MSG.GET.DEAD_LETTERS",
                "dead.other.NodeEvent.x",
                one.retry_subject(fact),
            }
            for service in SERVICES:
                probe = await a_probe(stack, nats, service)
                refused = await probe.publish_all([*own, *beyond])
                assert refused == (beyond if service == one.service else own | beyond)


async def test_a_reader_of_all_events_reads_them_under_a_name_of_its_own(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        gateway, registry = [
            await a_bus(stack, nats, name) for name in ("gateway", "workflow-registry")
        ]
        begin, end = await event_stream.bounds(gateway)
        assert [
            event async for event in event_stream.read_stored(gateway, "event.>", begin, end)
        ] == []
        with pytest.raises(UnavailableError):
            await event_stream.bounds(registry)


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

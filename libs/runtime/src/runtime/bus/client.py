"""Sends and receives typed messages over one NATS connection of a service.

The bus repeats a request until it is answered or time is up, which is safe because every command
is idempotent by an id that its caller chose. An error that an owner raises arrives at the caller
as the same kind of error.
"""

# nats-py is only partly typed: the modules of this package work around that, and no others.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self, TypeAlias, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.client import JetStreamContext
from opentelemetry.trace import SpanKind
from pydantic import BaseModel

from contracts.errors import InvalidError, UnavailableError
from contracts.event import Event
from contracts.message import Request, Signal
from contracts.services import ServiceName
from contracts.topology import MAX_MESSAGE_BYTES, subscriber
from runtime.bus.answerer import Answerer
from runtime.bus.connection import connect
from runtime.bus.consume import SubscriberWorkers
from runtime.bus.delivery import Deliveries, DeliveryPolicy
from runtime.bus.replies import fits, read_answer, refuse_too_large
from runtime.process.telemetry import carry, span

log = structlog.get_logger()

A = TypeVar("A", bound=BaseModel)
E = TypeVar("E", bound=Event)
R = TypeVar("R", bound=Request[Any])
S = TypeVar("S", bound=Signal)
Closing: TypeAlias = Callable[[], Awaitable[None]]

PENDING_MESSAGES = 8_192
FIRST_TRY_SECONDS = 2.0
NOBODY_THERE_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4)


class Bus:
    """One service's connection to NATS."""

    def __init__(self, service: ServiceName) -> None:
        self.service: ServiceName = service
        self.closed = asyncio.Event()
        self._reconnected: list[Callable[[], None]] = []
        self._client = Client()
        self._jetstream = self._client.jetstream(timeout=5)
        self._open: list[Answerer[Any] | SubscriberWorkers[Any]] = []

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, *, service: ServiceName, password: str
    ) -> AsyncGenerator[Self, None]:
        """Connect, waiting up to 30 s for a server; drain in the end."""
        bus = cls(service)
        await connect(
            bus._client, url, service, password, reconnected=bus._renew, closed=bus.closed.set
        )
        try:
            yield bus
        finally:
            await bus.close()

    def _renew(self) -> None:
        for callback in self._reconnected:
            callback()
        for part in self._open:
            if isinstance(part, SubscriberWorkers):
                part.renew()

    async def close(self) -> None:
        """Take no more requests and events, finish those being handled, and disconnect."""
        await asyncio.gather(*(part.stop() for part in self._open))
        if self._client.is_connected:
            try:
                await asyncio.wait_for(self._client.drain(), 5)
            except (TimeoutError, nats.errors.Error) as error:
                log.warning("nats_not_drained", reason=str(error) or type(error).__name__)
        if not self._client.is_closed:
            await self._client.close()

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream, for modules of `runtime` only."""
        return self._jetstream

    @property
    def largest_bytes(self) -> int:
        """The largest message that this service may send, headers included."""
        return min(MAX_MESSAGE_BYTES, self._client.max_payload)

    def warning(self) -> str | None:
        """Return why events do not arrive, for `/readyz`; None if nothing is wrong."""
        subscribers = (part for part in self._open if isinstance(part, SubscriberWorkers))
        return "; ".join(found for one in subscribers if (found := one.warning())) or None

    async def ping(self) -> bool:
        """Return whether the server is connected, for `/readyz`."""
        return self._client.is_connected

    @contextmanager
    def on_reconnect(self, callback: Callable[[], None]) -> Generator[None, None, None]:
        """Call `callback` after each reconnect: its owner must read again what it missed."""
        self._reconnected.append(callback)
        try:
            yield
        finally:
            self._reconnected.remove(callback)

    async def call(self, request: Request[A], *, within: float = 5.0) -> A:
        """Ask the owner; return its answer or raise the error that it raised.

        The bus repeats the message while no answer comes, and raises UnavailableError after
        `within` seconds; TooLargeError if the request or its answer does not fit into a message.
        """
        with span(f"call {request.subject}", kind=SpanKind.CLIENT):
            message = await self._ask(request, asyncio.get_running_loop().time() + within)
        return read_answer(request, message)

    async def _ask(self, request: Request[Any], deadline: float) -> Msg:
        headers, address, body = carry(), request.address(), request.encode()
        refuse_too_large(request.subject, body, self.largest_bytes)
        tries = 0
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            patience = min(left, FIRST_TRY_SECONDS * 2**tries)
            try:
                return await self._client.request(address, body, patience, headers=headers)
            except nats.errors.NoRespondersError:
                pause = NOBODY_THERE_SECONDS[min(tries, len(NOBODY_THERE_SECONDS) - 1)]
                await asyncio.sleep(min(pause, left))
            except (nats.errors.TimeoutError, TimeoutError):
                pass
            except (nats.errors.Error, OSError):
                await asyncio.sleep(min(0.5, left))
            tries += 1
        raise UnavailableError(f"{type(request).owner()} does not answer", code="no_answer")

    async def serve(
        self,
        request: type[R],
        handle: Callable[[R], Awaitable[BaseModel]],
        *,
        shared: bool = True,
        concurrency: int = 256,
        **keys: object,
    ) -> Closing:
        """Answer requests with `handle`, at most `concurrency` at a time.

        Replicas share the requests; without `shared` each of them answers every request. Call
        the returned function to take no more requests and finish those being handled.
        """
        answerer = Answerer(request, handle, concurrency, lambda: self.largest_bytes)
        queue = self.service if shared else ""
        await answerer.start(self._client, request.pattern(**keys), queue, PENDING_MESSAGES)
        return self._closing(answerer)

    async def consume(
        self,
        event: type[E],
        handle: Callable[[E], Awaitable[None]],
        *,
        concurrency: int = 1,
        policy: DeliveryPolicy | None = None,
    ) -> Closing:
        """Handle every event of the class, or of its subclasses, at least once.

        One at a time, over all replicas, keeps the order of events; a replayed one comes beside
        them. A new subscriber starts with the oldest event kept. The class must name this service
        in `consumed_by`. Call the returned function to take no more events and finish those being
        handled.
        """
        declared = subscriber(self.service, event)
        deliveries = Deliveries(self._jetstream, declared, handle, policy or DeliveryPolicy())
        workers = SubscriberWorkers(deliveries, concurrency)
        workers.start()
        return self._closing(workers)

    def _closing(self, part: Answerer[Any] | SubscriberWorkers[Any]) -> Closing:
        """Return the function that ends this part of the bus; otherwise the bus does."""
        self._open.append(part)

        async def close() -> None:
            self._open.remove(part)
            await part.stop()

        return close

    async def signal(self, signal: Signal) -> None:
        """Publish the signal once; it is lost while the bus is disconnected, or if too large."""
        body = signal.encode()
        if not fits(body, self.largest_bytes):
            log.warning("signal_too_large", subject=signal.subject, bytes=len(body))
        elif self._client.is_connected:
            await self._client.publish(signal.address(), body)

    async def subscribe(
        self, signal: type[S], handle: Callable[[S], Awaitable[None]], **keys: object
    ) -> Closing:
        """Handle signals one after another; malformed ones and those over the limit are dropped."""

        async def parse(names: dict[str, str], body: bytes) -> None:
            try:
                message = signal.decode(signal.subject.format_map(names), body)
            except (ValueError, InvalidError) as error:
                log.warning("signal_malformed", subject=signal.subject, reason=str(error))
                return
            await handle(message)

        return await self.subscribe_raw(signal, parse, **keys)

    async def subscribe_raw(
        self,
        signal: type[Signal],
        handle: Callable[[dict[str, str], bytes], Awaitable[None]],
        **keys: object,
    ) -> Closing:
        """Handle signals as the keys of their subject and their undecoded body."""

        async def deliver(message: Any) -> None:
            if not signal.is_published_to(message.subject):
                log.warning("signal_forged", subject=signal.subject, by=message.subject)
                return
            await handle(signal.key_values(message.subject), message.data)

        subscription: Subscription = await self._client.subscribe(
            signal.pattern(**keys), cb=deliver, pending_msgs_limit=PENDING_MESSAGES
        )

        async def close() -> None:
            if not self._client.is_closed:
                await subscription.unsubscribe()

        return close

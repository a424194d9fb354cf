"""Durable subscribers: each event reaches its handler at least once, over crashes of either side.

A subscriber is a service and a class of events. A durable pull consumer of JetStream remembers
what it has handled; no more messages are taken than handlers are free. An event that cannot be
handled becomes a dead letter, which an operator can replay to this subscriber alone
(docs/decisions/0011).
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from typing import Generic, TypeVar

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js import api
from nats.js.client import JetStreamContext

from contracts.event import Event
from contracts.topology import EVENTS_STREAM, RETRIES_STREAM
from runtime.bus.connection import leave
from runtime.bus.delivery import AWAY, Deliveries
from runtime.wait import wait_for

log = structlog.get_logger()

E = TypeVar("E", bound=Event)

FETCH_SECONDS = 10.0
"""Time that one fetch waits. If the consumer was deleted, the fetch fails only when this time is
over."""
RETRY_SECONDS = 1.0
STOP_SECONDS = 10.0


class SubscriberWorkers(Generic[E]):
    """Workers of one subscriber in this process; at most `concurrency` of them handle an event."""

    def __init__(self, deliveries: Deliveries[E], concurrency: int) -> None:
        self._deliveries = deliveries
        self._subscriber = deliveries.subscriber
        self._stopping = deliveries.stopping
        self._concurrency = concurrency
        self._free = asyncio.Semaphore(concurrency)
        self._fetches: set[asyncio.Future[list[Msg]]] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._unbound: dict[str, str] = {}
        """Why a stream gives nothing, by stream."""

    def warning(self) -> str | None:
        """Return the streams that give nothing, each with the reason; None if all is well."""
        name, unbound = self._subscriber.name, self._unbound.items()
        found = (f"{name} gets nothing of {stream}: {reason}" for stream, reason in unbound)
        return "; ".join(found) or None

    def start(self) -> None:
        """Start a worker for each handler, and one for replayed events, which waits for them."""
        pattern, again = self._subscriber.pattern, self._subscriber.retry_subject(">")
        works = [
            self._work(EVENTS_STREAM, pattern, self._concurrency) for _ in range(self._concurrency)
        ]
        works.append(self._work(RETRIES_STREAM, again, 1))
        self._workers = [asyncio.create_task(work) for work in works]

    def renew(self) -> None:
        """Start new fetches: those sent before a reconnect get no answer."""
        for fetch in self._fetches:
            fetch.cancel()

    async def stop(self) -> None:
        """Take no more, wait up to 10 s for what is being handled, give the rest back at once."""
        self._stopping.set()
        self.renew()
        _, late = await asyncio.wait(self._workers, timeout=STOP_SECONDS)
        for worker in late:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _work(self, stream: str, pattern: str, max_in_progress: int) -> None:
        """Take one message after another until the consumer stops or the bus is closed."""
        name = self._subscriber.name
        while not self._stopping.is_set():
            try:
                subscription = await self._bind(stream, pattern, max_in_progress)
                self._unbound.pop(stream, None)
                await self._take(subscription)
            except nats.errors.ConnectionClosedError:
                return
            except AWAY as error:
                self._unbound[stream] = str(error) or type(error).__name__
                log.info("consumer_renewed", subscriber=name, reason=self._unbound[stream])
            except Exception as error:
                self._unbound[stream] = type(error).__name__
                log.exception("consumer_failed", subscriber=name)
            await wait_for(self._stopping, RETRY_SECONDS)

    async def _bind(
        self, stream: str, pattern: str, max_in_progress: int
    ) -> JetStreamContext.PullSubscription:
        """Create or update the durable consumer, then bind to it.

        `pull_subscribe` would ignore this configuration if the consumer exists. All replicas
        together have at most `max_in_progress` messages, so one at a time keeps the order.
        """
        name = self._subscriber.name
        config = api.ConsumerConfig(
            name=name,
            durable_name=name,
            filter_subject=pattern,
            ack_wait=self._deliveries.policy.ack_wait_seconds,
            max_ack_pending=max_in_progress,
        )
        await self._deliveries.jetstream.add_consumer(stream, config=config)
        return await self._deliveries.jetstream.pull_subscribe_bind(durable=name, stream=stream)

    async def _take(self, subscription: JetStreamContext.PullSubscription) -> None:
        """Settle messages until the consumer stops.

        The subscription ends before the bus drains, which would hang on its status messages.
        """
        try:
            while not self._stopping.is_set():
                if message := await self._next(subscription):
                    await self._deliveries.settle(message, self._free)
        finally:
            await leave(subscription)

    async def _next(self, subscription: JetStreamContext.PullSubscription) -> Msg | None:
        """Return the next message; None after a while without one, or if asked to `renew`."""
        fetch = asyncio.ensure_future(subscription.fetch(1, timeout=FETCH_SECONDS))
        self._fetches.add(fetch)
        try:
            await asyncio.wait({fetch})
        finally:
            self._fetches.discard(fetch)
            fetch.cancel()
        if fetch.cancelled():
            return None
        try:
            return fetch.result()[0]
        except TimeoutError:
            return None

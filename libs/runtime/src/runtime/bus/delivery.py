"""Decides what becomes of one event that a durable subscriber was given.

Handled: acknowledged. A bug, or a class that this code does not know yet: delivered again after a
pause that grows, then dead. UnavailableError: kept and tried again. Any other expected error, or a
malformed message: dead at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

import nats.errors
import structlog
from cachetools import LRUCache
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext
from nats.js.errors import Error as JetStreamError
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from contracts.errors import OperationError, UnavailableError
from contracts.event import Event
from contracts.topology import Subscriber
from runtime.bus.dead_letters import MAX_TEXT, TRACE, DeadLetter, store
from runtime.process.telemetry import span
from runtime.wait import wait_for

log = structlog.get_logger()

E = TypeVar("E", bound=Event)

AWAY = (OSError, nats.errors.Error, JetStreamError)
"""NATS does not answer, or not as wanted; a timeout is an OSError too."""
RETRY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
DEAD = Counter("comfyfleet_dead_letters", "Events that a subscriber gave up.", ["subscriber"])


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """The limits after which an event that cannot be handled becomes a dead letter."""

    ack_wait_seconds: float = 30.0
    """NATS delivers again if it hears nothing for so long: the subscriber is gone."""
    pauses_seconds: tuple[float, ...] = (1.0, 5.0, 25.0, 60.0)
    """Pause after each failure by a bug; one failure more in one process and the event is dead."""
    unavailable_seconds: float = 24 * 3600
    """The event is dead if its handler raises UnavailableError in one process for so long."""
    max_deliveries: int = 10
    """After so many deliveries without a settlement the event is dead: handling it probably crashes
    the process. Restarts and reconnects count as deliveries too, so the number is above that of
    the pauses."""


@dataclass(frozen=True, slots=True)
class Failure:
    kind: str
    code: str
    message: str
    retry_in: float | None = None
    """Seconds until the event is delivered again; None: it is dead."""


@dataclass(frozen=True, slots=True)
class Deliveries(Generic[E]):
    """Settles one message after another for one subscriber."""

    jetstream: JetStreamContext
    subscriber: Subscriber
    handle: Callable[[E], Awaitable[None]]
    policy: DeliveryPolicy
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    failures: LRUCache[tuple[str, int], int] = field(default_factory=lambda: LRUCache(1024))
    """Failures by a bug in this process, by stream and sequence."""

    async def settle(self, message: Msg, free: asyncio.Semaphore) -> None:
        """Handle the message once a handler is free; acknowledge it, delay it or set it aside."""
        progress = asyncio.create_task(keep_in_progress(message, self.policy.ack_wait_seconds / 3))
        try:
            async with free:
                failure = await self._attempt(message)
            if failure is None:
                await message.ack()
            elif failure.retry_in is not None:
                await message.nak(failure.retry_in)
            elif await self._set_aside(message, failure):
                await message.term()
            else:
                await message.nak()
        except asyncio.CancelledError:
            if not message.is_acked:
                await message.nak()
            raise
        finally:
            progress.cancel()

    async def _attempt(self, message: Msg) -> Failure | None:
        deliveries = message.metadata.num_delivered
        if deliveries > self.policy.max_deliveries:
            text = f"no subscriber ended the handling in {deliveries - 1} deliveries"
            return Failure("bug", "never_settled", text)
        try:
            event = self._decode(message)
        except Exception as error:  # noqa: BLE001  a body of any shape can make decoding raise
            return Failure("invalid", "malformed", str(error))
        if event is None:
            return self._bug(
                message, "unknown_class", "this subscriber does not know the class yet"
            )
        with span(f"consume {event.subject}", kind=SpanKind.CONSUMER, parent=message.headers or {}):
            try:
                return await self._handle_when_available(event)
            except OperationError as error:
                return Failure(error.kind, error.code, error.message)
            except Exception as error:
                log.exception("event_failed", subject=event.subject, deliveries=deliveries)
                return self._bug(message, type(error).__name__, str(error))

    def _bug(self, message: Msg, code: str, text: str) -> Failure:
        """Count the failure; the deliveries do not tell, since a restart makes one too."""
        key = message.metadata.stream, message.metadata.sequence.stream
        count = self.failures.pop(key, 0)
        pauses = self.policy.pauses_seconds
        if count >= len(pauses):
            return Failure("bug", code, text)
        self.failures[key] = count + 1
        return Failure("bug", code, text, retry_in=pauses[count])

    def _decode(self, message: Msg) -> E | None:
        """Read the event; None if its class is newer than this code, as during an update."""
        subject = self._event_subject(message)
        for event in self.subscriber.classes:
            if event.is_published_to(subject):
                return event.decode(subject, message.data)  # pyright: ignore[reportReturnType]
        return None

    def _event_subject(self, message: Msg) -> str:
        """Return the subject under which the event was published, also for a replayed one."""
        return message.subject.removeprefix(self.subscriber.retry_subject(""))

    async def _handle_when_available(self, event: E) -> Failure | None:
        """Handle the event, again and again while the handler raises UnavailableError.

        The message stays in progress meanwhile: a negative acknowledgment counts as a delivery, so
        an outage would use up the limit that finds poison.
        """
        clock, pause = asyncio.get_running_loop().time, RETRY_SECONDS
        begun = clock()
        while True:
            try:
                return await self.handle(event)
            except UnavailableError as error:
                if clock() - begun >= self.policy.unavailable_seconds:
                    raise
                log.warning("event_waits", subject=event.subject, reason=error.message)
                if await wait_for(self.stopping, max(error.retry_in or 0, pause)):
                    return Failure(error.kind, error.code, error.message, retry_in=0)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _set_aside(self, message: Msg, failure: Failure) -> bool:
        """Store a dead letter, trying until NATS has it; False if the subscriber stops before."""
        name, source = self.subscriber.name, message.metadata
        letter = DeadLetter(
            service=self.subscriber.service,
            event_class=self.subscriber.event.__name__,
            subject=self._event_subject(message),
            kind=failure.kind,
            code=failure.code,
            message=failure.message[:MAX_TEXT],
            deliveries=source.num_delivered,
            died_at=datetime.now(UTC),
            stream=source.stream,
            sequence=source.sequence.stream,
            trace={key: value for key, value in (message.headers or {}).items() if key in TRACE},
        )
        while True:
            try:
                await store(self.jetstream, letter, message.data)
            except nats.errors.ConnectionClosedError:
                raise
            except AWAY as error:
                reason = str(error) or type(error).__name__
                log.warning("dead_letter_waits", subscriber=name, reason=reason)
            else:
                break
            if await wait_for(self.stopping, RETRY_SECONDS):
                return False
        log.error("event_dead", subscriber=name, subject=letter.subject, reason=failure.message)
        DEAD.labels(name).inc()
        return True


async def keep_in_progress(message: Msg, seconds: float) -> None:
    """Tell NATS every `seconds` that the message is still being handled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await message.in_progress()
        except AWAY as error:
            log.info("progress_not_sent", reason=str(error) or type(error).__name__)

"""Reads the stream of events in order: from any sequence number on, or a part of it again."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from secrets import token_hex

import nats.errors
import structlog
from nats.js import api
from nats.js.client import JetStreamContext

from contracts.errors import UnavailableError
from contracts.topology import EVENTS_STREAM
from runtime.bus.client import Bus
from runtime.bus.connection import leave

log = structlog.get_logger()

RENEW_SECONDS = 60.0
RETRY_SECONDS = 1.0
REPLY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the stream keeps it: a CloudEvent in structured JSON."""

    sequence: int
    subject: str
    body: bytes


async def follow(bus: Bus, after: int | None = None) -> AsyncGenerator[StoredEvent, None]:
    """Yield events after that sequence number (None: from now on) in order, until canceled.

    There are no gaps, also over reconnects. An ordered consumer can stop receiving after a server
    restart (measured), so a new subscription continues after the last sequence number after each
    reconnect and each minute.
    """
    last, renew = after, asyncio.Event()
    with bus.on_reconnect(renew.set):
        while True:
            renew.clear()
            try:
                if last is None:
                    last = (await bus.jetstream.stream_info(EVENTS_STREAM)).state.last_seq
                subscription = await subscribe(bus, "event.>", last + 1)
                async for stored in read_until(subscription, renew):
                    if stored.sequence > last:
                        last = stored.sequence
                        yield stored
            except nats.errors.ConnectionClosedError:
                raise
            except (nats.errors.Error, OSError) as error:
                log.info("events_retried", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)


async def read_until(
    subscription: JetStreamContext.PushSubscription, renew: asyncio.Event
) -> AsyncGenerator[StoredEvent, None]:
    """Yield the events of one subscription until it is a minute old or `renew` is set."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + RENEW_SECONDS
    try:
        while not renew.is_set() and loop.time() < deadline:
            try:
                message = await subscription.next_msg(timeout=RETRY_SECONDS)
            except nats.errors.TimeoutError:
                continue
            sequence = message.metadata.sequence.stream
            yield StoredEvent(sequence, message.subject, message.data)
    finally:
        await leave(subscription)


async def subscribe(bus: Bus, subject: str, first: int) -> JetStreamContext.PushSubscription:
    """Subscribe with a name of its own: permissions refuse a consumer without (topology.py)."""
    config = api.ConsumerConfig(
        name=token_hex(8), deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=first
    )
    return await bus.jetstream.subscribe(
        subject, stream=EVENTS_STREAM, ordered_consumer=True, config=config
    )


async def bounds(bus: Bus) -> tuple[int, int]:
    """Return the sequence numbers of the first and the last event kept, else (last + 1, last)."""
    try:
        state = (await bus.jetstream.stream_info(EVENTS_STREAM)).state
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error
    return (state.first_seq if state.messages else state.last_seq + 1), state.last_seq


async def read_stored(
    bus: Bus, subject: str, after: int, until: int
) -> AsyncGenerator[StoredEvent, None]:
    """Yield stored events that match `subject`, with `after < sequence <= until`, in order."""
    try:
        subscription = await subscribe(bus, subject, max(after, 0) + 1)
        try:
            info = await subscription.consumer_info()
            delivered = info.delivered.consumer_seq if info.delivered else 0
            pending = (info.num_pending or 0) + delivered
            while pending:
                message = await subscription.next_msg(timeout=REPLY_SECONDS)
                if message.metadata.sequence.stream > until:
                    return
                pending = message.metadata.num_pending
                yield StoredEvent(message.metadata.sequence.stream, message.subject, message.data)
        finally:
            await leave(subscription)
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error

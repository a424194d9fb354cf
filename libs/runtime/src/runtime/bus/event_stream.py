"""Reads the stream of events in order: from any sequence number on, or a part of it again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import nats.errors
import structlog

from contracts.errors import UnavailableError
from contracts.topology import EVENTS_STREAM
from runtime.bus import ordered
from runtime.bus.client import Bus

log = structlog.get_logger()

RETRY_SECONDS = 1.0


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
    reconnect and each minute. It begins with the first event if the stream was made anew since.
    """
    last, created, renew = after, None, asyncio.Event()
    with bus.on_reconnect(renew.set):
        while True:
            renew.clear()
            try:
                info = await bus.jetstream.stream_info(EVENTS_STREAM)
                if last is None:
                    last = info.state.last_seq
                elif last > info.state.last_seq or created not in (None, info.created):
                    log.warning("events_begin_anew", after=last)
                    last = 0
                created = info.created
                subscription = await ordered.subscribe(bus, EVENTS_STREAM, "event.>", last)
                async for message in ordered.read_until(subscription, renew):
                    sequence = message.metadata.sequence.stream
                    if sequence > last:
                        last = sequence
                        yield StoredEvent(sequence, message.subject, message.data)
            except nats.errors.ConnectionClosedError:
                raise
            except (nats.errors.Error, OSError) as error:
                log.info("events_retried", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)


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
        subscription = await ordered.subscribe(bus, EVENTS_STREAM, subject, after)
        async with aclosing(ordered.read_stored(subscription)) as messages:
            async for message in messages:
                sequence = message.metadata.sequence.stream
                if sequence > until:
                    return
                yield StoredEvent(sequence, message.subject, message.data)
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error

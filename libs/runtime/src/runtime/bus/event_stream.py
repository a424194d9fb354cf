"""Reads the stream of events in order: from any position on, or a part of it again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import nats.errors
import structlog
from nats.js import api

from contracts.errors import UnavailableError
from contracts.event import Position
from contracts.topology import EVENTS_STREAM
from runtime.bus import ordered
from runtime.bus.client import Bus

log = structlog.get_logger()

RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the stream keeps it: a CloudEvent in structured JSON."""

    position: Position
    """The place right behind the event."""
    subject: str
    body: bytes


async def follow(bus: Bus, after: int | None = None) -> AsyncGenerator[StoredEvent, None]:
    """Yield events after that sequence number (None: from now on) in order, until canceled.

    There are no gaps, also over reconnects. An ordered consumer can stop receiving after a server
    restart (measured), so a new subscription continues after the last sequence number after each
    reconnect and each minute. It begins with the first event if the stream was made anew since:
    then the position of an event does not follow that of the event before.
    """
    last, stream, renew = after, None, asyncio.Event()
    with bus.on_reconnect(renew.set):
        while True:
            renew.clear()
            try:
                info = await bus.jetstream.stream_info(EVENTS_STREAM)
                if last is None:
                    last = info.state.last_seq
                elif last > info.state.last_seq or stream not in (None, name_of(info)):
                    log.warning("events_begin_anew", after=last)
                    last = 0
                stream = name_of(info)
                subscription = await ordered.subscribe(bus, EVENTS_STREAM, "event.>", last)
                async for message in ordered.read_until(subscription, renew):
                    sequence = message.metadata.sequence.stream
                    if sequence > last:
                        last = sequence
                        yield StoredEvent(Position(stream, sequence), message.subject, message.data)
            except nats.errors.ConnectionClosedError:
                raise
            except (nats.errors.Error, OSError) as error:
                log.info("events_retried", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)


async def bounds(bus: Bus) -> tuple[Position, Position]:
    """Return the positions before the first and after the last event kept; equal if none is."""
    try:
        info = await bus.jetstream.stream_info(EVENTS_STREAM)
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error
    last = Position(name_of(info), info.state.last_seq)
    return (last._replace(sequence=info.state.first_seq - 1) if info.state.messages else last), last


def name_of(info: api.StreamInfo) -> int:
    """Return `Position.stream` of a stream."""
    return round(info.created.timestamp() * 1_000_000) if info.created else 0


async def read_stored(
    bus: Bus, subject: str, after: Position, until: Position
) -> AsyncGenerator[StoredEvent, None]:
    """Yield stored events that match `subject` and lie between these positions, in order."""
    try:
        subscription = await ordered.subscribe(bus, EVENTS_STREAM, subject, after.sequence)
        async with aclosing(ordered.read_stored(subscription)) as messages:
            async for message in messages:
                position = after._replace(sequence=message.metadata.sequence.stream)
                if position > until:
                    return
                yield StoredEvent(position, message.subject, message.data)
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error

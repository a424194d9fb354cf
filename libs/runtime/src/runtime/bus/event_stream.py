"""Reads the stream of events in order: from any sequence number on, or a part of it again."""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

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


async def events(
    jetstream: JetStreamContext, since_sequence: int | None, renew: asyncio.Event
) -> AsyncGenerator[StoredEvent, None]:
    """Yield events after `since_sequence` in order, without gaps, also over reconnects.

    An ordered consumer can stop receiving after a server restart (measured), so a new subscription
    continues after the last sequence number whenever `renew` is set and each minute.
    """
    last = since_sequence
    while True:
        renew.clear()
        try:
            if last is None:
                info = await jetstream.stream_info(EVENTS_STREAM)
                last = info.state.last_seq
            subscription = await subscribe(jetstream, last)
        except nats.errors.ConnectionClosedError:
            raise
        except (nats.errors.Error, OSError) as error:
            log.info("events_retried", reason=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        async for stored in read_until(subscription, renew):
            if stored.sequence > last:
                last = stored.sequence
                yield stored


async def read_until(
    subscription: JetStreamContext.PushSubscription, renew: asyncio.Event
) -> AsyncGenerator[StoredEvent, None]:
    """Yield the events of one subscription until it is a minute old, ends, or `renew` is set."""
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
    except nats.errors.ConnectionClosedError:
        raise
    except nats.errors.Error as error:
        log.info("events_retried", reason=str(error) or type(error).__name__)
    finally:
        await leave(subscription)


async def leave(
    subscription: JetStreamContext.PushSubscription | JetStreamContext.PullSubscription,
) -> None:
    """Unsubscribe; without a connection there is nothing to send to the server."""
    try:
        await subscription.unsubscribe()
    except nats.errors.Error as error:
        log.debug("already_unsubscribed", reason=str(error) or type(error).__name__)


async def subscribe(jetstream: JetStreamContext, last: int) -> JetStreamContext.PushSubscription:
    config = from_sequence(last + 1)
    return await jetstream.subscribe(
        "event.>", stream=EVENTS_STREAM, ordered_consumer=True, config=config
    )


def from_sequence(first: int) -> api.ConsumerConfig:
    """Configure a consumer with a name of its own: permissions refuse one without (topology.py)."""
    return api.ConsumerConfig(
        name=token_hex(8), deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=first
    )


async def bounds(jetstream: JetStreamContext) -> tuple[int, int]:
    """Return the sequence numbers of the first and the last event kept, else (last + 1, last)."""
    try:
        state = (await jetstream.stream_info(EVENTS_STREAM)).state
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error
    return (state.first_seq if state.messages else state.last_seq + 1), state.last_seq


async def replay(
    jetstream: JetStreamContext, subject: str, after: int, until: int
) -> AsyncGenerator[StoredEvent, None]:
    """Yield stored events that match `subject`, with `after < sequence <= until`, in order."""
    config = from_sequence(max(after, 0) + 1)
    try:
        subscription = await jetstream.subscribe(
            subject, stream=EVENTS_STREAM, ordered_consumer=True, config=config
        )
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

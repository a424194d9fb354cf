"""What JetStream keeps: single values of a bucket, and the stream of events in order."""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import nats.errors
import structlog
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from contracts.buckets import Bucket
from contracts.errors import UnavailableError
from contracts.topology import EVENTS_STREAM

log = structlog.get_logger()

RENEW_SECONDS = 60.0
RETRY_SECONDS = 1.0


class Reader:
    """Reads single values of one bucket, and its keys."""

    def __init__(self, jetstream: JetStreamContext, bucket: Bucket) -> None:
        self._jetstream = jetstream
        self._bucket = bucket

    async def get(self, key: str) -> bytes | None:
        """The value now; None if there is none. Raises Unavailable if NATS does not answer."""
        try:
            store = await self._jetstream.key_value(self._bucket.name)
            entry = await store.get(key)
        except KeyNotFoundError:
            return None
        except (nats.errors.Error, OSError) as error:
            raise UnavailableError(f"bucket {self._bucket.name} does not answer") from error
        return entry.value

    async def keys(self, pattern: str) -> set[str]:
        """Keys that match, without their values. Raises Unavailable if NATS does not answer."""
        found: set[str] = set()
        try:
            store = await self._jetstream.key_value(self._bucket.name)
            watcher = await store.watch(pattern, ignore_deletes=True, meta_only=True)
            try:
                # the client says None when the initial values are complete
                while isinstance(entry := await watcher.updates(timeout=5), KeyValue.Entry):
                    found.add(entry.key)
            finally:
                await watcher.stop()
        except (nats.errors.Error, OSError) as error:
            raise UnavailableError(f"bucket {self._bucket.name} does not answer") from error
        return found


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

    The subscription is made anew, after the last sequence number seen, whenever `renew` is set
    and each minute: an ordered consumer can go deaf after a server restart (measured).
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
    """One subscription, until it is a minute old, ends, or `renew` is set."""
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


async def leave(subscription: JetStreamContext.PushSubscription) -> None:
    """Unsubscribe; without a connection there is nothing to tell the server."""
    try:
        await subscription.unsubscribe()
    except nats.errors.Error as error:
        log.debug("already_unsubscribed", reason=str(error) or type(error).__name__)


async def subscribe(jetstream: JetStreamContext, last: int) -> JetStreamContext.PushSubscription:
    config = api.ConsumerConfig(
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=last + 1
    )
    return await jetstream.subscribe(
        "event.>", stream=EVENTS_STREAM, ordered_consumer=True, config=config
    )

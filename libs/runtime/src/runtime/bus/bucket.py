"""Reads and keeps single values of a NATS key-value bucket, and follows a whole one.

A subscription can stop receiving after a server restart (measured), so a new one replaces it after
each reconnect and every minute. After a reconnect it begins with all entries of the bucket, as it
does if the bucket was made anew; else it continues, or a fleet of n nodes would send n² entries a
minute to its agents.

A bucket that was made anew says nothing about keys that it lacks until its owner has filled it, so
its readers keep what they know.
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Generic, TypeVar

import nats.errors
import structlog
from cachetools import LRUCache
from nats.aio.msg import Msg
from nats.js.api import StreamInfo
from nats.js.errors import KeyNotFoundError
from pydantic import BaseModel, ValidationError

from contracts.errors import NotFoundError, UnavailableError
from contracts.services import Bucket
from contracts.topology import stream_of
from runtime.bus import ordered
from runtime.bus.client import Bus

log = structlog.get_logger()

V = TypeVar("V", bound=BaseModel)

RETRY_SECONDS = 1.0
LOST_SECONDS = 150.0
"""Time in which an owner fills a lost bucket: it does so at once, and every minute."""
DELETED = ("DEL", "PURGE")


class UnreadableValueError(UnavailableError):
    """A newer service wrote a value that this process cannot read."""

    code = "unreadable_value"


async def read_value(bus: Bus, bucket: Bucket, key: str) -> bytes | None:
    """Return the current value, or None. Raises UnavailableError if NATS does not answer."""
    with answering(bucket):
        store = await bus.jetstream.key_value(bucket.name)
        try:
            return (await store.get(key)).value
        except KeyNotFoundError:
            return None


async def read_keys(bus: Bus, bucket: Bucket, pattern: str) -> set[str]:
    """Return the keys that match. Raises UnavailableError if NATS does not answer."""
    prefix = key_prefix(bucket)
    with answering(bucket):
        subscription = await ordered.subscribe(
            bus, stream_of(bucket), prefix + pattern, None, headers_only=True
        )
        return {
            message.subject.removeprefix(prefix)
            async for message in ordered.read_stored(subscription)
            if not is_deletion(message)
        }


def key_prefix(bucket: Bucket) -> str:
    return f"$KV.{bucket.name}."


def is_deletion(message: Msg) -> bool:
    """Return whether a key was deleted; the server itself marks those that ended by their age."""
    headers = message.headers or {}
    return headers.get("KV-Operation") in DELETED or "Nats-Marker-Reason" in headers


@contextmanager
def answering(bucket: Bucket) -> Generator[None, None, None]:
    try:
        yield
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError(f"bucket {bucket.name} does not answer") from error


class KeptValues(Generic[V]):
    """Values that never change: each is read on demand, and the last used ones are kept."""

    def __init__(self, bus: Bus, bucket: Bucket, model: type[V], prefix: str, most: int) -> None:
        self._bus = bus
        self._bucket = bucket
        self._model = model
        self._prefix = prefix
        self._kept: LRUCache[str, V] = LRUCache(most)
        self._one_at_a_time = asyncio.Lock()

    async def read(self, name: str) -> V:
        """Return the value of that key. Raises NotFoundError, UnavailableError."""
        if value := self._kept.get(name):
            return value
        async with self._one_at_a_time:
            if name not in self._kept:
                self._kept[name] = await self._fetch(self._prefix + name)
            return self._kept[name]

    async def _fetch(self, key: str) -> V:
        body = await read_value(self._bus, self._bucket, key)
        if body is None:
            raise NotFoundError(f"{key} is not published")
        try:
            return self._model.model_validate_json(body)
        except ValidationError as error:
            message = f"this process is too old to read {key}"
            raise UnreadableValueError(message, retry_in=30) from error


class Mirror(Generic[V]):
    """A dictionary that follows the keys of a bucket that match a pattern."""

    def __init__(
        self,
        bucket: Bucket,
        model: type[V],
        keys: str = ">",
        on_change: Callable[[], None] | None = None,
        *,
        is_owner: bool = False,
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        """Call `on_change` whenever `entries` have changed, `on_loss` if the bucket was lost.

        The owner of the bucket sees what it holds, and a reader also what a lost one held. When
        `on_loss` is called, `entries` are as the bucket was after the loss.
        """
        self.entries: dict[str, V] = {}
        self.ready = asyncio.Event()
        """The bucket was read; before that, `entries` are empty and say nothing."""
        self.bucket = bucket
        self._model = model
        self._prefix = key_prefix(bucket)
        self._keys = keys
        self._on_change = on_change
        self._is_owner = is_owner
        self._on_loss = on_loss
        self._is_stale = True
        """All entries must be read: a deletion may be missed, and forgotten by the server."""
        self._created: datetime | None = None
        """When the bucket was made that `entries` are of."""
        self._lost_at: float | None = None
        """When a loss was noticed after which the bucket may not be filled yet."""
        self._revision = 0
        """Entries are as of this sequence number of the bucket's stream."""
        self._sequences: dict[str, int] = {}
        """The sequence number of each key that the bucket had when it was read."""

    async def follow(self, bus: Bus) -> None:
        """Keep `entries` equal to the bucket until canceled."""
        renew = asyncio.Event()
        with bus.on_reconnect(renew.set):
            while True:
                if renew.is_set():
                    self._is_stale = True
                renew.clear()
                try:
                    await self._follow_once(bus, renew)
                except nats.errors.ConnectionClosedError:
                    raise
                except (nats.errors.Error, OSError) as error:
                    reason = str(error) or repr(error)
                    log.info("watch_retried", bucket=self.bucket.name, reason=reason)
                    await asyncio.sleep(RETRY_SECONDS)

    async def _follow_once(self, bus: Bus, renew: asyncio.Event) -> None:
        """Follow one subscription until it is a minute old or `renew` is set."""
        stream, pattern = stream_of(self.bucket), self._prefix + self._keys
        info = await bus.jetstream.stream_info(stream)
        is_lost = self._must_read(info)
        if self._is_stale:
            keeps_lost = self._lost_at is not None and not self._is_owner
            read, sequences = (dict(self.entries) if keeps_lost else {}), dict[str, int]()
            everything = await ordered.subscribe(bus, stream, pattern, None)
            async for message in ordered.read_stored(everything):
                self._apply(message, read, sequences)
            self.entries, self._sequences, self._revision = read, sequences, info.state.last_seq
            self._created, self._is_stale = info.created, False
            self.ready.set()
            self._changed()
            if is_lost and self._on_loss:
                self._on_loss()
        news = await ordered.subscribe(bus, stream, pattern, self._revision)
        async for message in ordered.read_until(news, renew):
            self._revision = message.metadata.sequence.stream
            if self._apply(message, self.entries, self._sequences):
                self._changed()

    def _must_read(self, info: StreamInfo) -> bool:
        """Read a lost bucket, and again once its owner has filled it; return whether it is lost.

        A bucket was made anew, or emptied and perhaps partly filled since: then the server's
        first message is newer than a key that was there. A change of that key at this moment
        looks so too, and costs one reading.
        """
        is_empty, oldest = not info.state.messages, min(self._sequences.values(), default=None)
        is_emptied = oldest is not None and oldest < info.state.first_seq
        if self._created not in (None, info.created) or (is_empty and self.entries) or is_emptied:
            log.warning("bucket_lost", bucket=self.bucket.name)
            self._lost_at, self._is_stale = monotonic(), True
            return True
        if self._lost_at is not None and monotonic() - self._lost_at >= LOST_SECONDS:
            self._lost_at, self._is_stale = None, True
        return False

    def _changed(self) -> None:
        if self._on_change:
            self._on_change()

    def _apply(self, message: Msg, entries: dict[str, V], sequences: dict[str, int]) -> bool:
        """Apply one update; a value that this version cannot read leaves the last one it could.

        A newer service may write fields that an older reader refuses, which deletes nothing.
        """
        key = message.subject.removeprefix(self._prefix)
        if is_deletion(message):
            entries.pop(key, None)
            sequences.pop(key, None)
            return True
        sequences[key] = message.metadata.sequence.stream
        try:
            entries[key] = self._model.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("value_unreadable", bucket=self.bucket.name, key=key, reason=str(error))
            if key in self.entries:
                entries[key] = self.entries[key]
            return False
        return True

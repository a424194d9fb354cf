"""Reads and keeps single values of a NATS key-value bucket, and follows a whole one.

A watcher can stop receiving after a server restart (measured), so a new one replaces it after
each reconnect and every minute. Each new watcher begins with all entries of the bucket.
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

import nats.errors
import structlog
from cachetools import LRUCache
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue
from pydantic import BaseModel, ValidationError

from contracts.errors import NotFoundError, UnavailableError
from contracts.services import Bucket
from runtime.bus.client import Bus

log = structlog.get_logger()

V = TypeVar("V", bound=BaseModel)

RENEW_SECONDS = 60.0
RETRY_SECONDS = 1.0


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
    found: set[str] = set()
    with answering(bucket):
        store = await bus.jetstream.key_value(bucket.name)
        watcher = await store.watch(pattern, ignore_deletes=True, meta_only=True)
        try:
            # the client sends None when the initial values are complete
            while isinstance(entry := await watcher.updates(timeout=5), KeyValue.Entry):
                found.add(entry.key)
        finally:
            await watcher.stop()
    return found


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
            raise UnavailableError(message, code="unreadable_value", retry_in=30) from error


class Mirror(Generic[V]):
    """A dictionary that follows the keys of a bucket that match a pattern."""

    def __init__(
        self,
        bucket: Bucket,
        model: type[V],
        keys: str = ">",
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """Call `on_change` whenever `entries` have changed."""
        self.entries: dict[str, V] = {}
        self.ready = asyncio.Event()
        """The bucket was read; before that, `entries` are empty and say nothing."""
        self.bucket = bucket
        self._model = model
        self._keys = keys
        self._on_change = on_change

    async def follow(self, bus: Bus) -> None:
        """Keep `entries` equal to the bucket until canceled."""
        renew = asyncio.Event()
        with bus.on_reconnect(renew.set):
            while True:
                renew.clear()
                try:
                    store = await bus.jetstream.key_value(self.bucket.name)
                    await self._follow_once(await store.watch(self._keys), renew)
                except nats.errors.ConnectionClosedError:
                    raise
                except (nats.errors.Error, OSError, asyncio.InvalidStateError) as error:
                    reason = str(error) or repr(error)
                    log.info("watch_retried", bucket=self.bucket.name, reason=reason)
                    await asyncio.sleep(RETRY_SECONDS)

    async def _follow_once(self, watcher: KeyValue.KeyWatcher, renew: asyncio.Event) -> None:
        """Follow one watcher until it is a minute old or `renew` is set."""
        read: dict[str, V] = {}
        try:
            async for entry in until(renew, watcher):
                if entry is None:  # the client's marker for "initial values delivered"
                    self.entries = read
                    self.ready.set()
                elif not isinstance(entry, KeyValue.Entry) or not self._apply(entry, read):
                    continue
                if self._on_change and self.entries is read:
                    self._on_change()
        finally:
            await watcher.stop()

    def _apply(self, entry: KeyValue.Entry, entries: dict[str, V]) -> bool:
        """Apply one update; a value that this version cannot read leaves the last one it could.

        A newer service may write fields that an older reader refuses, which deletes nothing.
        """
        if entry.operation in ("DEL", "PURGE"):
            entries.pop(entry.key, None)
            return True
        try:
            entries[entry.key] = self._model.model_validate_json(entry.value or b"")
        except ValidationError as error:
            log.warning("value_unreadable", bucket=entry.bucket, key=entry.key, reason=str(error))
            if entry.key in self.entries:
                entries[entry.key] = self.entries[entry.key]
            return False
        return True


async def until(renew: asyncio.Event, watcher: KeyValue.KeyWatcher) -> AsyncGenerator[object, None]:
    """Yield the updates of the watcher for at most a minute, without polling."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + RENEW_SECONDS
    renewed = asyncio.create_task(renew.wait())
    try:
        while not renewed.done() and (left := deadline - loop.time()) > 0:
            update = asyncio.create_task(watcher.updates(timeout=left))
            try:
                await asyncio.wait({update, renewed}, return_when=asyncio.FIRST_COMPLETED)
                if not update.done():
                    return
                entry = update.result()
            except nats.errors.TimeoutError:
                return
            finally:
                update.cancel()
            yield entry
    finally:
        renewed.cancel()

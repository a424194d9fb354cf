"""Follows a NATS key-value bucket: a snapshot, then every change.

A watcher can stop receiving after a server restart (measured), so a new one replaces it after
each reconnect and every minute. Each new watcher begins with a `Snapshot` of the whole bucket.
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import nats.errors
import structlog
from nats.js.kv import KeyValue
from pydantic import BaseModel, ValidationError

from contracts.services import Bucket
from runtime.bus.client import Bus

log = structlog.get_logger()

V = TypeVar("V", bound=BaseModel)

RENEW_SECONDS = 60.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[V]):
    """All entries that the bucket held when the watch began; they replace those known before."""

    entries: dict[str, V]


@dataclass(frozen=True, slots=True)
class Put(Generic[V]):
    key: str
    value: V


@dataclass(frozen=True, slots=True)
class Deleted:
    key: str


Change: TypeAlias = Snapshot[V] | Put[V] | Deleted


async def watch(
    bus: Bus, bucket: Bucket, model: type[V], keys: str = ">"
) -> AsyncGenerator[Change[V], None]:
    """Yield a `Snapshot`, then every `Put` and `Deleted` in order, until canceled."""
    renew = asyncio.Event()
    with bus.on_reconnect(renew.set):
        while True:
            renew.clear()
            try:
                store = await bus.jetstream.key_value(bucket.name)
                async for change in watch_once(store, keys, model, renew):
                    yield change
            except nats.errors.ConnectionClosedError:
                raise
            except (nats.errors.Error, OSError, asyncio.InvalidStateError) as error:
                log.info("watch_retried", bucket=bucket.name, reason=str(error) or repr(error))
                await asyncio.sleep(RETRY_SECONDS)


async def watch_once(
    store: KeyValue, keys: str, model: type[V], renew: asyncio.Event
) -> AsyncGenerator[Change[V], None]:
    """Yield the changes of one watcher until it is a minute old or `renew` is set."""
    initial: dict[str, V] | None = {}
    watcher = await store.watch(keys)
    renewed = asyncio.create_task(renew.wait())
    try:
        async for entry in until(renewed, watcher):
            if entry is None:  # the client's marker for "initial values delivered"
                yield Snapshot(initial or {})
                initial = None
                continue
            change = as_change(model, entry) if isinstance(entry, KeyValue.Entry) else None
            if initial is None:
                if change:
                    yield change
            elif isinstance(change, Put):
                initial[change.key] = change.value
    finally:
        renewed.cancel()
        await watcher.stop()


async def until(
    renewed: asyncio.Task[Any], watcher: KeyValue.KeyWatcher
) -> AsyncGenerator[object, None]:
    """Yield the updates of the watcher for at most a minute, without polling."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + RENEW_SECONDS
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


def as_change(model: type[V], entry: KeyValue.Entry) -> Put[V] | Deleted | None:
    """Read one update; a value that this version cannot read is logged and left out."""
    if entry.operation in ("DEL", "PURGE"):
        return Deleted(entry.key)
    try:
        return Put(entry.key, model.model_validate_json(entry.value or b""))
    except ValidationError as error:
        log.warning("value_unreadable", bucket=entry.bucket, key=entry.key, reason=str(error))
        return None


class Mirror(Generic[V]):
    """A dictionary that follows a bucket; `ready` is set once the first snapshot has arrived."""

    def __init__(self, model: type[V], on_change: Callable[[], None] | None = None) -> None:
        self.entries: dict[str, V] = {}
        self.ready = asyncio.Event()
        self._model = model
        self._on_change = on_change

    async def follow(self, bus: Bus, bucket: Bucket, keys: str = ">") -> None:
        """Keep `entries` equal to the bucket until canceled."""
        async for change in watch(bus, bucket, self._model, keys):
            match change:
                case Snapshot(entries):
                    self.entries = dict(entries)
                    self.ready.set()
                case Put(key, value):
                    self.entries[key] = value
                case Deleted(key):
                    self.entries.pop(key, None)
            if self._on_change:
                self._on_change()

"""A NATS key-value bucket as a snapshot followed by changes.

A watcher can go deaf after a server restart (measured), so it is made anew after each
reconnect and every minute; each time a new `Snapshot` replaces all that was known.
"""

# nats-py is only partly typed; see bus.py.
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
    """Everything the bucket held when the watch began; replaces what was known."""

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
    """Yield a `Snapshot`, then every `Put` and `Deleted` in order, for ever."""
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
    """One watcher, until it is a minute old or `renew` is set."""
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
    """What the watcher gives, for a minute at most; waiting costs nothing until then."""
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
    """One update of the bucket; a value this version cannot read is left out, and said."""
    if entry.operation in ("DEL", "PURGE"):
        return Deleted(entry.key)
    try:
        return Put(entry.key, model.model_validate_json(entry.value or b""))
    except ValidationError as error:
        log.warning("value_unreadable", bucket=entry.bucket, key=entry.key, reason=str(error))
        return None


class Mirror(Generic[V]):
    """The bucket as a dictionary that follows it; `ready` once the first snapshot was seen."""

    def __init__(self, model: type[V], on_change: Callable[[], None] | None = None) -> None:
        self.entries: dict[str, V] = {}
        self.ready = asyncio.Event()
        self._model = model
        self._on_change = on_change

    async def follow(self, bus: Bus, bucket: Bucket, keys: str = ">") -> None:
        """Keep `entries` equal to the bucket until cancelled."""
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

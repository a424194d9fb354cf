"""Reads single values of a key-value bucket on demand."""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import nats.errors
from nats.js.client import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from contracts.errors import UnavailableError
from contracts.services import Bucket


class Reader:
    """Reads single values of one bucket, and its keys."""

    def __init__(self, jetstream: JetStreamContext, bucket: Bucket) -> None:
        self._jetstream = jetstream
        self._bucket = bucket

    async def get(self, key: str) -> bytes | None:
        """Return the current value, or None. Raises UnavailableError if NATS does not answer."""
        try:
            store = await self._jetstream.key_value(self._bucket.name)
            entry = await store.get(key)
        except KeyNotFoundError:
            return None
        except (nats.errors.Error, OSError) as error:
            raise UnavailableError(f"bucket {self._bucket.name} does not answer") from error
        return entry.value

    async def keys(self, pattern: str) -> set[str]:
        """Return the keys that match. Raises UnavailableError if NATS does not answer."""
        found: set[str] = set()
        try:
            store = await self._jetstream.key_value(self._bucket.name)
            watcher = await store.watch(pattern, ignore_deletes=True, meta_only=True)
            try:
                # the client sends None when the initial values are complete
                while isinstance(entry := await watcher.updates(timeout=5), KeyValue.Entry):
                    found.add(entry.key)
            finally:
                await watcher.stop()
        except (nats.errors.Error, OSError) as error:
            raise UnavailableError(f"bucket {self._bucket.name} does not answer") from error
        return found

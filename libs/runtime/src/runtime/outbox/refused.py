"""Sets aside messages that NATS refuses to store, so that they do not hold up the others.

A message may be too large for good, or a bucket be full for now. Such a message moves from the
outbox to the table `outbox_refused`, which has a row for each event and, for each key of a bucket,
a row with its newest value. The row of a key goes when a later value is stored; its owner
publishes one every minute while the bucket and the owner's tables differ.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import structlog
from nats.errors import BadSubjectError, MaxPayloadError
from nats.js.errors import APIError
from prometheus_client import Gauge

from runtime.postgres.retention_clock import READ, trusted

log = structlog.get_logger()

TOO_LARGE = frozenset({10054, 10097})
"""Codes of NATS: the message, or its headers, are larger than the stream accepts."""
FULL = frozenset({10047, 10077})
"""Codes of NATS: no storage is left; a stream that drops nothing reached its maximum bytes."""
MAX_SHOWN = 100

REFUSED = Gauge("comfyfleet_outbox_refused", "Messages that NATS refused to store.")
KEEP = """
    INSERT INTO outbox_refused (key, messages, reason) VALUES ($1, $2, $3)
    ON CONFLICT (key) DO UPDATE SET messages = excluded.messages, reason = excluded.reason
"""
KEPT = timedelta(days=30)
"""An operator has so long to look at a refused event; dead letters are kept as long."""
PRUNE = """DELETE FROM outbox_refused WHERE key IN
    (SELECT key FROM outbox_refused
     WHERE refused_at < $1 ORDER BY refused_at LIMIT 100)"""
FORGET = "DELETE FROM outbox_refused WHERE key = ANY($1)"
KNOWN = """
    SELECT key, reason, count(*) OVER () AS total FROM outbox_refused
    ORDER BY refused_at, key LIMIT $1
"""


def refusal_or_raise(error: BaseException, *, is_event: bool) -> str:
    """Return why NATS refused the message for good.

    Re-raises any other error, so that the message waits.

    Events also wait for a full stream, since their order counts. Keys of a bucket have no order
    among them, and a full bucket still has room for a smaller value or a deletion.
    """
    if isinstance(error, MaxPayloadError | BadSubjectError):
        return str(error)
    code = error.err_code if isinstance(error, APIError) else None
    if isinstance(error, APIError) and (code in TOO_LARGE or (code in FULL and not is_event)):
        return error.description or str(error)
    raise error


class RefusedMessages:
    """The table of refused messages, as it was when last read."""

    def __init__(self) -> None:
        self.has_changed = False
        """This process has changed the table since then."""
        self._reasons: dict[str, str] = {}
        self._total = 0

    async def keep(self, connection: Any, key: str, encoded: str, why: str) -> None:
        """Set a message aside within the caller's transaction."""
        if key not in self._reasons:
            log.error("message_refused", key=key, reason=why)
        self.has_changed = True
        await connection.execute(KEEP, key, encoded, why)

    async def forget(self, connection: Any, keys: Collection[str]) -> None:
        """Drop the rows of these keys: a newer value of each was stored."""
        self.has_changed |= not self._reasons.keys().isdisjoint(keys)
        await connection.execute(FORGET, list(keys))

    async def prune(self, connection: Any) -> None:
        """Drop some of the rows that are too old."""
        if self._total:
            before = trusted(await connection.fetchrow(READ)) - KEPT
            self.has_changed |= await connection.execute(PRUNE, before) != "DELETE 0"

    async def read(self, connection: Any) -> None:
        rows = await connection.fetch(KNOWN, MAX_SHOWN)
        self._reasons = {row["key"]: row["reason"] for row in rows}
        self._total = rows[0]["total"] if rows else 0
        self.has_changed = False
        REFUSED.set(self._total)

    def warning(self) -> str | None:
        """Return a line for `/readyz`, or None if nothing was refused."""
        for key, why in self._reasons.items():
            others = f" and {self._total - 1} more" if self._total > 1 else ""
            return f"NATS refused {key}{others}: {why}"
        return None

"""Decides what becomes of a delivery and of its webhook after a failed attempt.

The pauses are those that the Standard Webhooks specification suggests, up to a day in all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.webhooks.endpoints import DisabledReason
from webhooks.domain.records import Answer, Claimed

PAUSES_SECONDS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
"""After the first failure, the second, …; the last is repeated."""
JITTER = 0.1
"""Largest part of a pause by which it is longer, so that repetitions spread."""
LONGEST = timedelta(days=1)
EARLIEST_AGAIN = timedelta(minutes=5)
"""A receiver that is back gets the failed rest at once, each delivery this long after its last
attempt: one that takes some events and refuses others is not flooded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The next attempt, or None to give up, and why the webhook is disabled, if it is."""

    due_at: datetime | None
    disable: DisabledReason | None = None


def after_failure(
    sent: Claimed,
    answer: Answer,
    failing_since: datetime | None,
    now: datetime,
    *,
    patience: timedelta,
    jitter: float,
) -> Verdict:
    """Decide after a failed attempt; `jitter` is random, from 0 to 1."""
    if sent.is_test:
        return Verdict(None)
    if answer.is_gone:
        return Verdict(None, "gone")
    if failing_since and now - failing_since >= patience:
        return Verdict(None, "failing")
    return Verdict(next_attempt(sent.tries, sent.began_at, now, jitter))


def next_attempt(tries: int, began_at: datetime, now: datetime, jitter: float) -> datetime | None:
    """Return when a delivery that failed so many times is due; None after a day."""
    end = began_at + LONGEST
    if now >= end:
        return None
    pause = PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS)) - 1] * (1 + JITTER * jitter)
    return min(now + timedelta(seconds=pause), end)

"""Limits the login attempts on one account: ten at once, then ever more slowly.

An attempt is counted before the password is checked, so that parallel guesses count too. A right
password clears the account. The wait is capped, because anyone can make an account wait and so
lock its owner out.
"""

from dataclasses import dataclass

from cachetools import LRUCache

FREE_ATTEMPTS = 10
MAX_WAIT_SECONDS = 60.0
FORGET_SECONDS = 900.0
MAX_ACCOUNTS = 10_000


@dataclass(slots=True)
class Record:
    attempts: int
    last_at: float


class Throttle:
    """Attempts by account name. Unknown names count too: the answer must not reveal which exist.

    Bounded: the account that was tried longest ago is forgotten first. Each replica counts alone.
    """

    def __init__(self) -> None:
        self._records: LRUCache[str, Record] = LRUCache(MAX_ACCOUNTS)

    def charge(self, account: str, now: float) -> float:
        """Count an attempt and return 0, or return the seconds until the next one is allowed.

        `now` is monotonic seconds. A refused attempt is not counted.
        """
        record = self._records.get(account)
        if record is None or now - record.last_at > FORGET_SECONDS:
            record = self._records[account] = Record(0, now)
        if (left := record.last_at + pause(record.attempts) - now) > 0:
            return min(left, MAX_WAIT_SECONDS)  # a sum of floats may be a hair longer
        record.attempts += 1
        record.last_at = now
        return 0.0

    def refund(self, account: str) -> None:
        """Take back an attempt that ended without a check of the password."""
        if record := self._records.get(account):
            record.attempts = max(record.attempts - 1, 0)

    def clear(self, account: str) -> None:
        self._records.pop(account, None)


def pause(attempts: int) -> float:
    """Return the seconds before the next attempt: 0 for the free ones, then 1, 2, 4 … 60."""
    if attempts < FREE_ATTEMPTS:
        return 0.0
    return min(2.0 ** min(attempts - FREE_ATTEMPTS, 10), MAX_WAIT_SECONDS)

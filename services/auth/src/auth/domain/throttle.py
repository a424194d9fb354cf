"""How often one account may be tried: ten times at once, then ever more slowly.

An attempt is charged before the password is checked, so that parallel guesses count too; a right
password clears the account. Waiting is capped, because whoever can make an account wait can lock
its owner out.
"""

from collections import OrderedDict
from dataclasses import dataclass

FREE_ATTEMPTS = 10
LONGEST_WAIT_SECONDS = 60.0
FORGET_SECONDS = 900.0
MOST_ACCOUNTS = 10_000


@dataclass(slots=True)
class Record:
    attempts: int
    last_at: float


class Throttle:
    """Attempts by account name, known or not: the answer must not tell which.

    Bounded: the account that was tried longest ago is forgotten first. Each replica counts alone.
    """

    def __init__(self) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()

    def charge(self, account: str, now: float) -> float:
        """Count an attempt and return 0, or return the seconds until the next is allowed.

        `now` is monotonic seconds. A refused attempt is not counted.
        """
        record = self._records.pop(account, None)
        if record is None or now - record.last_at > FORGET_SECONDS:
            record = Record(0, now)
        self._records[account] = record
        if (left := record.last_at + pause(record.attempts) - now) > 0:
            return min(left, LONGEST_WAIT_SECONDS)  # a sum of floats may be a hair longer
        record.attempts += 1
        record.last_at = now
        if len(self._records) > MOST_ACCOUNTS:
            self._records.popitem(last=False)
        return 0.0

    def refund(self, account: str) -> None:
        """Take back an attempt that got no verdict."""
        if record := self._records.get(account):
            record.attempts = max(record.attempts - 1, 0)

    def clear(self, account: str) -> None:
        self._records.pop(account, None)


def pause(attempts: int) -> float:
    """Seconds before the next attempt: none after the free ones, then 1, 2, 4, up to a minute."""
    if attempts < FREE_ATTEMPTS:
        return 0.0
    return min(2.0 ** min(attempts - FREE_ATTEMPTS, 10), LONGEST_WAIT_SECONDS)

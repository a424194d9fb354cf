"""Makes and reads the text of API keys, and remembers which were used.

`cf_`, 43 letters of a 256-bit secret, 22 of the owner's id, 6 of a checksum, all base 62: no sign
that an editor or a shell breaks a word at. Secret scanners find keys by their form, the checksum
refuses a mistyped key without a look-up, and by the owner's id a gateway needs no index of keys.
"""

import hashlib
import re
import secrets
from uuid import UUID
from zlib import crc32

from cachetools import LRUCache

from contracts.auth.keys import MAX_KEYS_IN_SIGNAL

MARK = "cf_"
SECRET_BYTES = 32
SECRET_LETTERS, OWNER_LETTERS, CHECKSUM_LETTERS = 43, 22, 6
SHOWN_LETTERS = len(MARK) + 6
"""The rest of the secret has 220 bits."""
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY = re.compile(
    rf"{MARK}[0-9A-Za-z]{{{SECRET_LETTERS}}}"
    rf"(?P<owner>[0-9A-Za-z]{{{OWNER_LETTERS}}})(?P<checksum>[0-9A-Za-z]{{{CHECKSUM_LETTERS}}})"
)
ANNOUNCED_SECONDS = 60.0
MAX_ANNOUNCED = 10_000


def make_key(owner_id: UUID) -> str:
    """Return a new key of this user."""
    secret = base62(int.from_bytes(secrets.token_bytes(SECRET_BYTES)), SECRET_LETTERS)
    text = MARK + secret + base62(owner_id.int, OWNER_LETTERS)
    return text + checksum(text)


def owner_of(key: str) -> UUID | None:
    """Return the user that a key names; None if it is not a key, or mistyped."""
    found = KEY.fullmatch(key)
    if found is None or found["checksum"] != checksum(key[:-CHECKSUM_LETTERS]):
        return None
    try:
        return UUID(int=number(found["owner"]))
    except ValueError:  # of more than 128 bits
        return None


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def checksum(text: str) -> str:
    return base62(crc32(text.encode()), CHECKSUM_LETTERS)


def base62(value: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        value, digit = divmod(value, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return letters


def number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value * len(ALPHABET) + ALPHABET.index(letter)
    return value


class KeyUses:
    """Collects the keys that were used, each at most once a minute."""

    def __init__(self) -> None:
        self._announced: LRUCache[UUID, float] = LRUCache(MAX_ANNOUNCED)
        self._due: set[UUID] = set()

    def note(self, key_id: UUID, now: float) -> None:
        """Remember a use at this time in steady seconds."""
        last = self._announced.get(key_id)
        is_due = last is None or now - last >= ANNOUNCED_SECONDS
        if is_due and len(self._due) < MAX_KEYS_IN_SIGNAL:
            self._announced[key_id] = now
            self._due.add(key_id)

    def take(self) -> list[UUID]:
        """Return the keys to announce now."""
        due, self._due = list(self._due), set()
        return due

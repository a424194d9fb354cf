"""Ports of auth in memory, and the service over them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from auth.domain.keyring import Key
from auth.domain.roles import BUILT_IN, Role
from auth.domain.users import Administrator, User
from auth.service import Auth
from contracts.errors import UnavailableError
from contracts.values import new_id

from .fake_work import NOW, FakeWork

__all__ = ["NOW", "FakeWork"]


def a_user(email: str = "ada@example.com", hash_of: str = "correct", **changes: Any) -> User:
    role = changes.pop("role", "user")
    known = BUILT_IN.get(role, Role(role)) if isinstance(role, str) else role
    user = User(new_id(), email, "Ada", known, f"hash of {hash_of}", NOW)
    return replace(user, **changes)


class FakeClock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class FakePasswords:
    """Counts checks: an unknown user must cost one too."""

    def __init__(self) -> None:
        self.checks = 0
        self.is_busy = False

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password: str, password_hash: str | None) -> bool:
        if self.is_busy:
            raise UnavailableError("busy")
        self.checks += 1
        return password_hash == f"hash of {password}"


class FakeGuesses:
    """Finds only "password12" easy to guess."""

    async def count(self, password: str, words: Sequence[str]) -> float:
        assert words
        return 10.0 if password == "password12" else 1e12


class FakeKeyring:
    """Opens the keys that it made; its tokens are the claims themselves."""

    def __init__(self) -> None:
        self.current: Key | None = None
        self.made: list[Key] = []
        self.signed: list[dict[str, Any]] = []

    def generate(self, now: datetime) -> Key:
        name = f"key {len(self.made)}"
        self.made.append(Key(name, {"kid": name}, b"", now))
        return self.made[-1]

    def unseal(self, keys: Sequence[Key]) -> list[Key]:
        return [key for key in keys if key in self.made]

    def sign_with(self, key: Key) -> None:
        self.current = key

    def sign(self, claims: dict[str, Any]) -> str:
        self.signed.append(claims)
        return f"token {len(self.signed)}"


class FakeBuckets:
    """Counts how often the buckets were made equal to the database."""

    def __init__(self) -> None:
        self.syncs = 0

    async def sync(self) -> None:
        self.syncs += 1


class FakeAuth:
    """Auth over fakes."""

    def __init__(self, *users: User, setting: str = "correct") -> None:
        self.work = FakeWork(*users)
        self.passwords = FakePasswords()
        self.keyring = FakeKeyring()
        self.clock = FakeClock()
        self.service = Auth(
            unit_of_work=self.work,
            passwords=self.passwords,
            guesses=FakeGuesses(),
            keyring=self.keyring,
            buckets=FakeBuckets(),
            clock=self.clock,
            monotonic=self.clock.monotonic,
            refresh_lifetime=timedelta(days=30),
            successor_key=b"key",
            administrator=Administrator("Root@example.com", setting),
        )

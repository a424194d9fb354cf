"""Ports of auth in memory, and the service over them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from auth.domain.api_keys import ApiKey
from auth.domain.audit import AuditEntry, AuditFact, StoredEntry
from auth.domain.keyring import Key
from auth.domain.sessions import Session
from auth.domain.users import Administrator, User
from auth.service import Auth
from contracts.access import IdempotencyKey
from contracts.auth.audit import AuditFilters
from contracts.auth.users import ListUsers
from contracts.errors import UnavailableError
from contracts.values import new_id
from runtime.cursor import Place

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_user(email: str = "ada@example.com", hash_of: str = "correct", **changes: Any) -> User:
    user = User(new_id(), email, "Ada", "user", f"hash of {hash_of}", NOW)
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


class FakeWork:
    """Everything auth stores; each is its own unit of work and commits at once."""

    def __init__(self, *users: User) -> None:
        self.users = {user.id: user for user in users}
        self.sessions: dict[UUID, Session] = {}
        self.api_keys_made: dict[UUID, ApiKey] = {}
        self.signing_keys: list[Key] = []
        self.entries: list[AuditEntry] = []
        self.erased: set[UUID] = set()
        self.made: dict[str, tuple[IdempotencyKey, str]] = {}

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator["FakeWork", None]:
        yield self

    async def lock(self) -> None:
        return

    async def user(self, user_id: UUID) -> User | None:
        return self.users.get(user_id)

    async def user_by_email(self, email: str) -> User | None:
        return next((user for user in self.users.values() if user.email == email), None)

    async def save_user(self, user: User) -> None:
        self.users[user.id] = user

    async def user_page(self, query: ListUsers, after: Place | None) -> list[User]:
        raise NotImplementedError("tested on Postgres")

    async def administrators(self) -> list[User]:
        return [user for user in self.users.values() if user.is_administrator]

    async def is_erased(self, user_id: UUID) -> bool:
        return user_id in self.erased

    async def erase_user(self, user: User, now: datetime) -> None:
        assert now.tzinfo
        del self.users[user.id]
        await self.delete_sessions(user.id)
        self.erased.add(user.id)

    async def made_by(
        self, owner_id: UUID, operation: str, key: IdempotencyKey | None
    ) -> str | None:
        if key is None or (known := self.made.get(f"{owner_id} {operation} {key.key}")) is None:
            return None
        key.refuse_other_body(known[0].body_digest)
        return known[1]

    async def remember(
        self, owner_id: UUID, operation: str, key: IdempotencyKey | None, made: tuple[str, datetime]
    ) -> None:
        if key:
            self.made[f"{owner_id} {operation} {key.key}"] = key, made[0]

    async def session(self, session_id: UUID) -> Session | None:
        session = self.sessions.get(session_id)
        return None if session is None or session.ended_at else session

    async def save_session(self, session: Session) -> None:
        self.sessions[session.id] = session

    async def end_session(self, session: Session, now: datetime) -> None:
        self.sessions[session.id] = replace(session, ended_at=now)

    async def delete_sessions(self, user_id: UUID) -> None:
        left = {key: s for key, s in self.sessions.items() if s.user_id != user_id}
        self.sessions = left

    async def keys(self) -> list[Key]:
        return list(self.signing_keys)

    async def add_key(self, key: Key) -> None:
        self.signing_keys.append(key)

    async def delete_key(self, key: Key) -> None:
        self.signing_keys.remove(key)

    async def api_keys(self, user_id: UUID) -> list[ApiKey]:
        made = reversed(self.api_keys_made.values())
        return [key for key in made if key.user_id == user_id]

    async def add_api_key(self, key: ApiKey) -> None:
        self.api_keys_made[key.id] = key

    async def delete_api_key(self, key: ApiKey) -> None:
        del self.api_keys_made[key.id]

    async def mark_used(self, key_ids: Sequence[UUID], now: datetime) -> None:
        for key_id in self.api_keys_made.keys() & set(key_ids):
            self.api_keys_made[key_id] = replace(self.api_keys_made[key_id], last_used_at=now)

    async def add_entry(self, entry: AuditEntry, now: datetime) -> None:
        assert now.tzinfo
        self.entries.append(entry)

    async def read_entries(
        self, filters: AuditFilters, before: int | None, most: int
    ) -> list[StoredEntry]:
        assert not filters.fact, "the fake knows no filters"
        found = [StoredEntry(number, new_id(), NOW, one) for number, one in enumerate(self.entries)]
        return [one for one in reversed(found) if before is None or one.number < before][:most]

    async def prune(self, now: datetime) -> None:
        self.sessions = {key: s for key, s in self.sessions.items() if s.expires_at > now}

    @property
    def facts(self) -> list[AuditFact]:
        return [entry.fact for entry in self.entries]


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
            keyring=self.keyring,
            buckets=FakeBuckets(),
            clock=self.clock,
            monotonic=self.clock.monotonic,
            refresh_lifetime=timedelta(days=30),
            successor_key=b"key",
            administrator=Administrator("Root@example.com", setting),
        )

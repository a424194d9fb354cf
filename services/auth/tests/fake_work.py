"""Everything that auth stores, in memory."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from auth.domain.api_keys import ApiKey
from auth.domain.audit import AuditEntry, AuditFact, StoredEntry
from auth.domain.keyring import Key
from auth.domain.links import PasswordLink
from auth.domain.roles import BUILT_IN, Role
from auth.domain.sessions import Session
from auth.domain.users import User
from contracts.access import IdempotencyKey
from contracts.auth.audit import AuditFilters
from contracts.auth.users import ListUsers
from contracts.values import new_id
from runtime.cursor import Place

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FakeWork:
    """Everything auth stores; each is its own unit of work and commits at once."""

    def __init__(self, *users: User) -> None:
        self.users = {user.id: user for user in users}
        self.sessions: dict[UUID, Session] = {}
        self.api_keys_made: dict[UUID, ApiKey] = {}
        self.signing_keys: list[Key] = []
        self.entries: list[AuditEntry] = []
        self.erased: set[UUID] = set()
        self.own_roles: dict[str, Role] = {}
        self.links: dict[UUID, PasswordLink] = {}
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

    async def role(self, name: str) -> Role | None:
        return {**BUILT_IN, **self.own_roles}.get(name)

    async def roles(self) -> list[Role]:
        return [self.own_roles[name] for name in sorted(self.own_roles)]

    async def save_role(self, role: Role) -> None:
        self.own_roles[role.name] = role

    async def delete_role(self, role: Role) -> None:
        del self.own_roles[role.name]

    async def users_of_roles(self) -> dict[str, int]:
        return Counter(user.role.name for user in self.users.values())

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

    async def link(self, digest: str) -> PasswordLink | None:
        return next((link for link in self.links.values() if link.digest == digest), None)

    async def save_link(self, link: PasswordLink) -> None:
        self.links[link.user_id] = link

    async def sessions_of(self, user_id: UUID) -> list[Session]:
        found = [s for s in self.sessions.values() if s.user_id == user_id and not s.ended_at]
        return sorted(found, key=lambda session: session.id, reverse=True)

    async def end_sessions(self, sessions: Sequence[Session], now: datetime) -> None:
        for session in sessions:
            await self.end_session(session, now)

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

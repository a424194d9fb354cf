"""Ports of auth: the database, password hashing, signing keys and the published buckets."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from auth.domain.api_keys import ApiKey
from auth.domain.audit import AuditEntry, StoredEntry
from auth.domain.keyring import Key
from auth.domain.links import PasswordLink
from auth.domain.roles import Role
from auth.domain.sessions import Session
from auth.domain.users import User
from contracts.access import IdempotencyKey
from contracts.auth.audit import AuditFilters
from contracts.auth.users import ListUsers
from runtime.cursor import Place


class Work(Protocol):
    """One transaction: rows, audit entries and published values are committed together or not."""

    async def lock(self) -> None:
        """Wait until no other replica is between `lock` and its commit."""

    async def user(self, user_id: UUID) -> User | None: ...
    async def user_by_email(self, email: str) -> User | None: ...

    async def save_user(self, user: User) -> None:
        """Add or replace the user, and publish the principal. Call `lock` before."""

    async def user_page(self, query: ListUsers, after: Place | None) -> list[User]:
        """Return the users of a page and one more, newest first."""
        ...

    async def administrators(self) -> list[User]:
        """Return all who can log in and administer the fleet. Call `lock` before a change."""
        ...

    async def role(self, name: str) -> Role | None:
        """Return a role, built in or of the fleet's own."""
        ...

    async def roles(self) -> list[Role]:
        """Return the roles of the fleet's own by name."""
        ...

    async def save_role(self, role: Role) -> None:
        """Add or replace the role, and publish the principals of its users. Call `lock` before."""

    async def delete_role(self, role: Role) -> None:
        """Delete a role that nobody has. Call `lock` before."""

    async def users_of_roles(self) -> dict[str, int]:
        """Return the number of users by role."""
        ...

    async def is_erased(self, user_id: UUID) -> bool: ...

    async def erase_user(self, user: User, now: datetime) -> None:
        """Delete all about the user but the id, and the principal. Call `lock` before."""

    async def made_by(
        self, owner_id: UUID, operation: str, key: IdempotencyKey | None
    ) -> str | None:
        """Return the id of what the key made. Raises ConflictError if its body was another."""
        ...

    async def remember(
        self, owner_id: UUID, operation: str, key: IdempotencyKey | None, made: tuple[str, datetime]
    ) -> None:
        """Keep the id and the time of what the key made."""

    async def session(self, session_id: UUID) -> Session | None:
        """Return the session if it has not ended, locked until the work ends."""
        ...

    async def save_session(self, session: Session) -> None: ...

    async def end_session(self, session: Session, now: datetime) -> None:
        """End the session, and publish the principal. Call `lock` before."""

    async def link(self, digest: str) -> PasswordLink | None: ...

    async def save_link(self, link: PasswordLink) -> None:
        """Add the link in place of the one that its user has."""

    async def sessions_of(self, user_id: UUID) -> list[Session]:
        """Return the sessions of the user that have not ended, newest first."""
        ...

    async def end_sessions(self, sessions: Sequence[Session], now: datetime) -> None:
        """End these sessions of one user, and publish the principal. Call `lock` before."""

    async def delete_sessions(self, user_id: UUID) -> None: ...

    async def keys(self) -> list[Key]: ...

    async def add_key(self, key: Key) -> None:
        """Add the key and publish its public part. Call `lock` before."""

    async def delete_key(self, key: Key) -> None:
        """Delete the key and its published part. Call `lock` before."""

    async def api_keys(self, user_id: UUID) -> list[ApiKey]:
        """Return the API keys of the user, newest first."""
        ...

    async def add_api_key(self, key: ApiKey) -> None:
        """Add the API key and publish the principal. Call `lock` before."""

    async def delete_api_key(self, key: ApiKey) -> None:
        """Delete the API key and publish the principal. Call `lock` before."""

    async def mark_used(self, key_ids: Sequence[UUID], now: datetime) -> None:
        """Remember the time as that of the last use of these API keys."""

    async def add_entry(self, entry: AuditEntry, now: datetime) -> None:
        """Add an entry to the audit log and publish it as an event."""

    async def read_entries(
        self, filters: AuditFilters, before: int | None, most: int
    ) -> list[StoredEntry]:
        """Return so many entries with smaller numbers than `before`, newest first."""
        ...

    async def prune(self, now: datetime) -> None:
        """Delete expired and surplus sessions, API keys that expired long ago, old audit entries.

        Of audit entries the oldest go too if they are too many.
        """


class UnitOfWork(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[Work]: ...


class Passwords(Protocol):
    """Slow hashing, off the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Check the password; without a hash, take as long and return False."""
        ...


class Guesses(Protocol):
    """Tells how hard passwords are to guess."""

    async def count(self, password: str, words: Sequence[str]) -> float:
        """Return how many guesses it takes; `words` are those that come to mind for this user."""
        ...


class Keyring(Protocol):
    """The private keys of this process."""

    def generate(self, now: datetime) -> Key: ...

    def unseal(self, keys: Sequence[Key]) -> list[Key]:
        """Return the keys whose private part this process can unseal."""
        ...

    def sign_with(self, key: Key) -> None:
        """Sign with this key from now on."""

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a compact JWS over the claims."""
        ...


class Buckets(Protocol):
    """The published buckets `keys` and `principals`."""

    async def sync(self) -> None:
        """Make both buckets equal to the database. Raises Unavailable while they are unread."""

"""What auth needs from outside, in its own words."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from auth.domain.audit import Entry
from auth.domain.keyring import Key
from auth.domain.sessions import Session
from auth.domain.users import User


class Work(Protocol):
    """One transaction: rows, facts and what the fleet is told are committed together or not."""

    async def alone(self) -> None:
        """Wait until no other replica is between `alone` and its commit."""
        ...

    async def user(self, user_id: UUID) -> User | None: ...
    async def user_by_email(self, email: str) -> User | None: ...

    async def save_user(self, user: User) -> None:
        """Add or replace the user, and publish the principal. Call `alone` before."""
        ...

    async def session(self, session_id: UUID) -> Session | None:
        """The session, locked until the work ends."""
        ...

    async def save_session(self, session: Session) -> None: ...
    async def drop_session(self, session_id: UUID) -> None: ...
    async def drop_sessions(self, user_id: UUID) -> None: ...

    async def keys(self) -> list[Key]: ...

    async def add_key(self, key: Key) -> None:
        """Add the key and publish its public part. Call `alone` before."""
        ...

    async def drop_key(self, key: Key) -> None:
        """Forget the key and take back its public part. Call `alone` before."""
        ...

    async def record(self, entry: Entry, now: datetime) -> None: ...


class UnitOfWork(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[Work]: ...


class Passwords(Protocol):
    """Slow hashing, off the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Check the password; without a hash, take as long and say no."""
        ...


class Keyring(Protocol):
    """The private keys of this process."""

    def make(self, now: datetime) -> Key: ...

    def opened(self, keys: Sequence[Key]) -> list[Key]:
        """Those whose private part this process can unseal."""
        ...

    def use(self, key: Key) -> None:
        """Sign with this key from now on."""
        ...

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWS over the claims."""
        ...


class Clock(Protocol):
    def __call__(self) -> datetime: ...


class Stopwatch(Protocol):
    """Monotonic seconds."""

    def __call__(self) -> float: ...

"""What the gateway needs from outside, in its own words."""

from asyncio import Event
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from contracts.access import Permission
from contracts.auth import Principal
from contracts.message import Request, Signal
from contracts.registry.workflows import WorkflowName
from gateway.domain.facts import Fact
from gateway.domain.servers import Servers
from gateway.domain.versions import Version

A = TypeVar("A", bound=BaseModel)
TOO_MUCH = "too_much_missed"


class Owners(Protocol):
    """The services that own things; they answer typed requests or raise typed errors."""

    async def call(self, request: Request[A], *, within: float = 5.0) -> A: ...


class Signals(Protocol):
    async def signal(self, signal: Signal) -> None: ...


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified access token says."""

    user_id: UUID
    permissions: frozenset[Permission]
    issued_at: int
    expires_at: int


class Tokens(Protocol):
    def verify(self, token: str, now: float) -> Claims:
        """The token's claims; raises RefusedError (401) if it is not good."""
        ...


class Principals(Protocol):
    def get(self, user_id: UUID) -> Principal | None: ...


class Workflows(Protocol):
    @property
    def names(self) -> Mapping[str, WorkflowName]: ...

    @property
    def models(self) -> Mapping[str, list[str]]:
        """Model files that the fleet has, by folder."""
        ...

    @property
    def servers(self) -> Servers:
        """What each kind of server takes."""
        ...

    @property
    def changed(self) -> Event:
        """Is set at the next change of `names`; after that there is another one."""
        ...

    def name(self, name: str) -> WorkflowName | None: ...

    async def version(self, hash_: str) -> Version:
        """The version with this hash. Raises NotFound, Unavailable."""
        ...


class Archive(Protocol):
    """The stream of events as it is stored."""

    async def bounds(self) -> tuple[int, int]:
        """Sequence numbers of the first and the last event kept; (last + 1, last) if none is."""
        ...

    def follow(self, after: int) -> AsyncIterator[tuple[int, Fact | None]]:
        """Every event after that sequence number, in order, for ever; None: not about a job."""
        ...

    async def replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        """The owner's facts in between, in order.

        Raises Unavailable if it takes too long, with code `TOO_MUCH` if there are too many.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An open download."""

    status: int
    """200 or 206."""
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes] = field(repr=False)


class ObjectStore(Protocol):
    """Bytes by presigned URL. Raises Unavailable if the store does not answer."""

    async def put(
        self, url: str, headers: Mapping[str, str], size: int, chunks: AsyncIterator[bytes]
    ) -> None: ...

    def open(
        self, url: str, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[StoredObject]: ...


class Upload(Protocol):
    """A file that a caller sent, spooled; Starlette's UploadFile is one."""

    filename: str | None
    size: int | None

    async def read(self, size: int = -1) -> bytes: ...

    async def seek(self, offset: int) -> Any: ...

"""Defines the actor of a request and its permissions, which only the gateway sets.

The gateway takes them from a verified token.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import ClassVar, Generic
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.errors import ConflictError
from contracts.message import A, Command, Query
from contracts.services import ServiceName


class Permission(StrEnum):
    """A permission that a token can grant. Endpoints check permissions, never role names."""

    JOBS_READ = "jobs:read"
    JOBS_RUN = "jobs:run"
    JOBS_READ_ALL = "jobs:read_all"
    JOBS_CANCEL_ALL = "jobs:cancel_all"
    MEDIA_READ = "media:read"
    MEDIA_WRITE = "media:write"
    WORKFLOWS_READ = "workflows:read"
    WORKFLOWS_WRITE = "workflows:write"
    GRAPHS_READ = "graphs:read"
    GRAPHS_RUN = "graphs:run"
    NODES_READ = "nodes:read"
    NODES_WRITE = "nodes:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    AUDIT_READ = "audit:read"


KNOWN = frozenset(permission.value for permission in Permission)
INCLUDED: Mapping[Permission, Permission] = {
    Permission.JOBS_RUN: Permission.JOBS_READ,
    Permission.JOBS_READ_ALL: Permission.JOBS_READ,
    Permission.MEDIA_WRITE: Permission.MEDIA_READ,
    Permission.USERS_WRITE: Permission.USERS_READ,
}
"""Each permission implies this read permission, also in tokens issued before it existed."""


def granted(named: Iterable[str]) -> frozenset[Permission]:
    """Return the permissions of a token that names these; unknown names grant nothing."""
    found = {Permission(name) for name in named if name in KNOWN}
    return frozenset(found | {INCLUDED[permission] for permission in found & INCLUDED.keys()})


class Priority(StrEnum):
    """Priority of a job, highest first."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    BACKGROUND = "background"


MOST_JOBS = 1_000_000
MOST_BYTES = 2**53


class Limits(BaseModel):
    """Upper limits on the use of the fleet by one principal."""

    model_config = ConfigDict(frozen=True)

    max_waiting_jobs: int = Field(
        default=1_000, ge=0, description="Jobs that may wait at one time."
    )
    max_running_jobs: int = Field(
        default=1_000, ge=1, description="Jobs that may run at one time; others wait."
    )
    max_priority: Priority = Field(
        default=Priority.INTERACTIVE,
        description="Highest priority that the principal may request.",
    )
    storage_bytes: int = Field(
        default=20 * 1024**3,
        ge=0,
        description="Largest total size of the principal's media, in bytes.",
    )


class LimitOverrides(BaseModel):
    """Limits that are set for one user; those that are null are as for everybody."""

    model_config = ConfigDict(frozen=True)

    max_waiting_jobs: int | None = Field(
        default=None, ge=0, le=MOST_JOBS, description="Jobs that may wait at one time."
    )
    max_running_jobs: int | None = Field(
        default=None, ge=1, le=MOST_JOBS, description="Jobs that may run at one time; others wait."
    )
    max_priority: Priority | None = Field(
        default=None, description="Highest priority that the principal may request."
    )
    storage_bytes: int | None = Field(
        default=None,
        ge=0,
        le=MOST_BYTES,
        description="Largest total size of the principal's media, in bytes.",
    )

    def over(self, limits: Limits) -> Limits:
        """Return these limits, and in place of null ones those given."""
        return limits.model_copy(update=self.model_dump(exclude_none=True))


class Actor(BaseModel):
    """The principal on whose behalf a command is sent."""

    model_config = ConfigDict(frozen=True)

    user_id: UUID
    permissions: frozenset[Permission] = frozenset()
    limits: Limits = Limits()

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


class UserCommand(Command[A], Generic[A]):
    """A change on behalf of a principal."""

    sent_by: ClassVar[tuple[ServiceName, ...]] = ("gateway",)
    actor: Actor


class UserQuery(Query[A], Generic[A]):
    """A question on behalf of a principal."""

    sent_by: ClassVar[tuple[ServiceName, ...]] = ("gateway",)
    actor: Actor


class IdempotencyKey(BaseModel):
    """The caller's name for one creation; the owner of the new object stores it for 24 h."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(min_length=1, max_length=255)
    body_digest: str = Field(
        description="HMAC of the raw body: another body under the same key is a conflict."
    )

    def refuse_other_body(self, body_digest: str) -> None:
        """Raise Conflict unless the key was used with this body before."""
        if body_digest != self.body_digest:
            text = "the idempotency key was used for another request"
            raise ConflictError(text, code="idempotency_key_reused")

"""Defines the actor of a request and its permissions, which only the gateway sets.

The gateway takes them from a verified token.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from contracts.errors import ConflictError
from contracts.message import A, Command, Query
from contracts.services import ServiceName
from contracts.values import printable


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
    """Limits that are set for a role or a user; null ones are as for the role or everybody."""

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


LONGEST_PATTERN_BYTES = 80


def as_pattern(text: str) -> str:
    if len(text.encode()) > LONGEST_PATTERN_BYTES:
        raise ValueError(f"expected at most {LONGEST_PATTERN_BYTES} bytes")
    return printable(text)


Pattern: TypeAlias = Annotated[str, StringConstraints(min_length=1), AfterValidator(as_pattern)]
Patterns: TypeAlias = Annotated[tuple[Pattern, ...], Field(max_length=30)]
"""Small, so that all roles fit into one message and a principal into one value of a bucket."""
EVERYTHING: Patterns = ("*",)


def is_match(pattern: str, name: str) -> bool:
    """Return whether the pattern fits the whole name; `*` in it stands for any text.

    The time is linear in the pattern, whatever it is, which no regular expression promises.
    """
    first, *others = pattern.split("*")
    if not others:
        return pattern == name
    *middle, last = others
    if not name.startswith(first):
        return False
    place = len(first)
    for part in middle:
        if (found := name.find(part, place)) < 0:
            return False
        place = found + len(part)
    return len(name) - place >= len(last) and name.endswith(last)


class Reach(BaseModel):
    """Names of what a principal may use, as patterns: `*` in one stands for any text."""

    model_config = ConfigDict(frozen=True)

    workflows: Patterns = Field(
        default=EVERYTHING,
        description="Workflows: `txt2img`, `shop-*`. Others do not exist for the principal.",
    )
    models: Patterns = Field(
        default=EVERYTHING,
        description="Model files, with their folder: `loras/film-*`. Jobs with others are refused.",
    )

    def has_workflow(self, name: str) -> bool:
        return any(is_match(pattern, name) for pattern in self.workflows)

    def has_model(self, folder: str, name: str) -> bool:
        return any(is_match(pattern, f"{folder}/{name}") for pattern in self.models)

    def covers(self, other: "Reach") -> bool:
        """Return whether this reach surely includes the other.

        A pattern that fits another one as a text fits all that the other fits: each `*` of the
        other is within a `*` of this one. What only several patterns include together is missed.
        """
        pairs = (self.workflows, other.workflows), (self.models, other.models)
        return all(
            any(is_match(own, wanted) for own in mine)
            for mine, theirs in pairs
            for wanted in theirs
        )


class Actor(BaseModel):
    """The principal on whose behalf a command is sent."""

    model_config = ConfigDict(frozen=True)

    user_id: UUID
    permissions: frozenset[Permission] = frozenset()
    limits: Limits = Limits()
    reach: Reach = Reach()

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

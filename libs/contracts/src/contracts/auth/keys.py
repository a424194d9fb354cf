"""API keys: list, create, delete, and the signal that they were used.

The text of a key is made and read by gateways alone. It never travels on the bus: messages have
its SHA-256 and its first letters.
"""

from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from contracts.access import IdempotencyKey, Permission, UserCommand, UserQuery
from contracts.message import Accepted, Signal
from contracts.values import Page, UtcTime, printable

MAX_KEYS_PER_USER = 50
MAX_KEYS_IN_SIGNAL = 1_000
KeyName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=80), AfterValidator(printable)
]
Digest: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ApiKeyView(BaseModel):
    """An API key, without its secret text."""

    id: UUID = Field(description="The key.")
    user_id: UUID = Field(description="The user on whose behalf it is used.")
    name: str = Field(description="Its name, for people.")
    prefix: str = Field(description="Its first letters, by which a person recognizes it.")
    scopes: list[Permission] = Field(
        description="Permissions of the key, as long as the role of its user has them too."
    )
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime | None = Field(description="When it expires; null: never.")
    last_used_at: datetime | None = Field(
        description="When it was last used, to about a minute; null: never yet."
    )


class ApiKeyPage(Page[ApiKeyView]):
    """A page of API keys."""


class NewApiKey(BaseModel):
    """Choices for a new API key."""

    name: KeyName = Field(description="A name by which you will know what uses it.")
    scopes: list[Permission] | None = Field(
        default=None,
        min_length=1,
        max_length=len(Permission),
        description="Permissions of the key; null: all that its user has now.",
    )
    expires_at: UtcTime | None = Field(default=None, description="When it expires; null: never.")


class CreateApiKey(UserCommand[ApiKeyView]):
    """Create a key for the actor, or for a service account. Idempotent by `key_id`.

    Errors: NotFound, Invalid (`invalid`), Forbidden (`scope_not_held`),
    Conflict (`too_many_keys`, `not_a_service`, `idempotency_key_used`, `idempotency_key_reused`).
    """

    subject: ClassVar[str] = "command.auth.create_api_key.v1"
    key_id: UUID
    user_id: UUID = Field(description="The user of the key; another's needs `users:write`.")
    key: NewApiKey
    prefix: str = Field(max_length=20, description="First letters of the key.")
    digest: Digest = Field(repr=False, description="SHA-256 of the key.")
    idempotency: IdempotencyKey | None = None


class ListApiKeys(UserQuery[ApiKeyPage]):
    """List all keys of a user, newest first; another's needs `users:write`. Errors: NotFound."""

    subject: ClassVar[str] = "query.auth.list_api_keys.v1"
    user_id: UUID


class DeleteApiKey(UserCommand[Accepted]):
    """Delete a key; gateways refuse it within seconds. Another's needs `users:write`.

    Errors: NotFound.
    """

    subject: ClassVar[str] = "command.auth.delete_api_key.v1"
    user_id: UUID = Field(description="The user of the key.")
    key_id: UUID


class ApiKeysUsed(Signal):
    """Keys were used at a gateway; it names each of them at most once a minute."""

    subject: ClassVar[str] = "signal.api_key.used.v1"
    sent_by: ClassVar = ("gateway",)
    received_by: ClassVar = ("auth",)
    key_ids: list[UUID] = Field(max_length=MAX_KEYS_IN_SIGNAL)

"""Values of the buckets by which gateways admit callers without asking auth."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Limits, Reach


class SigningKey(BaseModel):
    """A public key that access tokens may be signed with. Value of bucket `keys`, by key id."""

    key_id: str
    jwk: dict[str, Any] = Field(description="RFC 7517, public part only.")


class PublishedApiKey(BaseModel):
    """An API key as gateways know it."""

    id: UUID
    digest: str = Field(repr=False, description="SHA-256 of the key, as hex digits.")
    scopes: list[str] = Field(description="The key grants those that its user's role has.")
    expires_at: datetime | None = None


class Principal(BaseModel):
    """The current rights and limits of a user. Value of bucket `principals`, by id."""

    user_id: UUID
    role: str
    limits: Limits = Limits()
    reach: Reach = Reach()
    is_blocked: bool = False
    sessions_valid_from: int = Field(
        default=0, description="Unix seconds; tokens issued earlier are refused."
    )
    permissions: list[str] | None = Field(
        default=None,
        description="Permissions of the role now; a token grants no others. "
        "None if auth did not say: its permissions count as they stand.",
    )
    ended_sessions: list[UUID] = Field(
        default_factory=list,
        description="Sessions that ended before their access tokens expired; those are refused.",
    )
    api_keys: list[PublishedApiKey] = Field(
        default_factory=list[PublishedApiKey], description="API keys of the user."
    )

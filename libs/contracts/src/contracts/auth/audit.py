"""The audit log: its facts, its entries, and the event of each entry."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserQuery
from contracts.event import Event
from contracts.values import Page, QueryText, UtcTime

MAX_AUDIT_PAGE = 500


class AuditFact(StrEnum):
    """A fact that the audit log records."""

    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    TOKEN_REUSED = "token_reused"  # noqa: S105  the name of a fact, not a secret
    LOGGED_OUT = "logged_out"
    SESSIONS_ENDED = "sessions_ended"
    USER_CREATED = "user_created"
    USER_RENAMED = "user_renamed"
    ROLE_CHANGED = "role_changed"
    """A user got another role."""
    LINK_CREATED = "link_created"
    ROLE_CREATED = "role_created"
    ROLE_REDEFINED = "role_redefined"
    ROLE_DELETED = "role_deleted"
    LIMITS_CHANGED = "limits_changed"
    USER_BLOCKED = "user_blocked"
    USER_UNBLOCKED = "user_unblocked"
    USER_ERASED = "user_erased"
    PASSWORD_REPLACED = "password_replaced"  # noqa: S105  the name of a fact, not a secret
    KEY_CREATED = "key_created"
    """Of a key that signs access tokens."""
    API_KEY_CREATED = "api_key_created"
    API_KEY_DELETED = "api_key_deleted"


class AuditEntryView(BaseModel):
    """One fact about a login, a user, a role or a key. It names people by their ids alone."""

    id: UUID = Field(description="The entry.")
    at: datetime = Field(description="When it happened.")
    fact: AuditFact = Field(description="The fact, as one word.")
    user_id: UUID | None = Field(
        description="The user whom it is about; null: no user, or a name that nobody has."
    )
    actor_id: UUID | None = Field(
        description="The user who did it; null: nobody who was logged in."
    )
    detail: str = Field(description="More about it, for people; never a secret.")


class AuditPage(Page[AuditEntryView]):
    """A page of the audit log."""


class AuditFilters(BaseModel):
    """Filters of the audit log."""

    user_id: UUID | None = Field(
        default=None, description="Only entries about this user, or of what this user did."
    )
    fact: list[AuditFact] = Field(
        default_factory=list[AuditFact], max_length=50, description="Only entries of these facts."
    )
    since: UtcTime | None = Field(default=None, description="Only entries of this time or later.")
    until: UtcTime | None = Field(default=None, description="Only entries before this time.")
    limit: int = Field(default=50, ge=1, le=MAX_AUDIT_PAGE, description="Entries on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListAudit(AuditFilters, UserQuery[AuditPage]):
    """List the audit log, newest first. Errors: Invalid (`bad_cursor`)."""

    subject: ClassVar[str] = "query.auth.list_audit.v1"


class AuditRecorded(Event):
    """Auth recorded a fact in the audit log.

    The subject ends in the fact and not in a user, so readers of one owner's events do not get it.
    """

    subject: ClassVar[str] = "event.audit.recorded.v1.{fact}"
    sent_by: ClassVar = ("auth",)
    aggregate_key = "entry_id"
    entry_id: UUID = Field(description="The entry.")
    fact: AuditFact = Field(description="The fact, as one word.")
    user_id: UUID | None = Field(default=None, description="The user whom it is about.")
    actor_id: UUID | None = Field(default=None, description="The user who did it.")
    detail: str = Field(default="", description="More about it, for people.")

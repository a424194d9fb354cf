"""Signs and verifies grants: the media that an agent may read and write for one attempt.

A grant is `<payload>.<HMAC-SHA256>`, both base64url. The scheduler signs it; media checks it with
the shared secret and serves nothing that it does not name.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import ForbiddenError


class Grant(BaseModel):
    model_config = ConfigDict(frozen=True)

    attempt_id: UUID
    job_id: UUID
    node_id: UUID
    owner_id: UUID
    media: list[UUID]
    expires_at: datetime
    workflow: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    is_bare: bool = Field(
        default=False, description="Media removes the prompt and the graph from the results."
    )


def sign(grant: Grant, secret: str) -> str:
    payload = urlsafe_b64encode(grant.model_dump_json().encode())
    return f"{payload.decode()}.{signature(payload, secret)}"


def verify(token: str, secret: str, now: datetime) -> Grant:
    """Return the signed grant; raises ForbiddenError if it is forged, malformed or too old."""
    payload, _, mark = token.partition(".")
    if not hmac.compare_digest(mark.encode(), signature(payload.encode(), secret).encode()):
        raise ForbiddenError("the grant is not ours", code="bad_grant")
    try:
        grant = Grant.model_validate_json(urlsafe_b64decode(payload))
    except (ValueError, ValidationError) as error:
        raise ForbiddenError("the grant is malformed", code="bad_grant") from error
    if grant.expires_at < now:
        raise ForbiddenError("the grant has expired", code="grant_expired")
    return grant


def signature(payload: bytes, secret: str) -> str:
    mark = hmac.new(secret.encode(), payload, sha256).digest()
    return urlsafe_b64encode(mark).decode()

"""Signs messages by the Standard Webhooks specification: HMAC-SHA256 over id, time and body."""

import hmac
from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from uuid import UUID

PREFIX = "whsec_"
SECRET_BYTES = 32


def as_secret(key: bytes) -> str:
    """Return the key in the form that receivers configure."""
    return PREFIX + b64encode(key).decode()


def owner_secret(master: bytes, owner_id: UUID) -> str:
    """Return the secret of an owner's webhooks of single jobs; nobody else can compute it."""
    return as_secret(hmac.digest(master, owner_id.bytes, sha256))


def signed_headers(secret: str, message_id: UUID, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers with which a receiver verifies and recognizes the message."""
    timestamp = str(int(now.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    key = b64decode(secret.removeprefix(PREFIX))
    mark = b64encode(hmac.digest(key, content, sha256)).decode()
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{mark}",
    }

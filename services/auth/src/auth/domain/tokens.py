"""Defines the claims of access tokens and the form of refresh tokens.

An access token is valid for ten minutes and is checked without a call to auth. A refresh
token is `<session id>.<secret>`, good for one exchange; only its SHA-256 is stored. The second
half of the secret is a MAC, so that auth recognizes each token it ever issued: nobody can end
somebody's session with a token that was made up. The successor of a token is derived from it, a
key of the server and the id of the request: a request that the bus repeats because its answer was
lost gets the same successor, and nobody else can compute it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from auth.domain.users import User

ISSUER = AUDIENCE = "comfyfleet"
ACCESS_SECONDS = 600
HALF_BYTES = 16


def access_claims(user: User, session_id: UUID, token_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the claims that the gateway reads from an access token (RFC 7519)."""
    issued_at = int(now.timestamp())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user.id),
        "sid": str(session_id),
        "role": user.role.name,
        "permissions": [str(permission) for permission in user.permissions],
        "iat": issued_at,
        "exp": issued_at + ACCESS_SECONDS,
        "jti": str(token_id),
    }


def refresh_token(session_id: UUID, random: bytes, key: bytes) -> str:
    """Return a token of the session; 16 random bytes make it unique."""
    return f"{encode(session_id.bytes)}.{encode(random + mac(session_id, random, key))}"


def is_genuine(token: str, key: bytes) -> bool:
    """Return whether this token was issued with this key, whenever that was."""
    session_id = session_of(token)
    try:
        secret = urlsafe_b64decode(token.partition(".")[2] + "=")
    except ValueError:
        return False
    if session_id is None or len(secret) != 2 * HALF_BYTES:
        return False
    random, found = secret[:HALF_BYTES], secret[HALF_BYTES:]
    return hmac.compare_digest(found, mac(session_id, random, key))


def mac(session_id: UUID, random: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"genuine\x00" + session_id.bytes + random, sha256)[:HALF_BYTES]


def session_of(token: str) -> UUID | None:
    """Return the session that a refresh token names; None if the token is not one of ours."""
    head, _, _ = token.partition(".")
    try:
        return UUID(bytes=urlsafe_b64decode(f"{head}=="))
    except ValueError:
        return None


def digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def successor(token: str, session_id: UUID, request_id: UUID, key: bytes) -> str:
    """Return the token that this request gets for `token`, the same at each repeat."""
    message = b"refresh\x00" + request_id.bytes + token.encode()
    return refresh_token(session_id, hmac.digest(key, message, sha256)[:HALF_BYTES], key)


def encode(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")

"""Verifies access tokens: JWTs that auth signs, checked with the public keys of bucket `keys`.

A verified token is remembered by its digest until it expires, so a signature is checked once
and not with every request.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from contracts.access import Permission, granted
from contracts.auth.principals import SigningKey
from contracts.errors import UnavailableError
from gateway.http.problems import unauthorized

ALGORITHMS = ["EdDSA", "Ed25519", "ES256"]
ISSUER = AUDIENCE = "comfyfleet"
LONGEST_TOKEN = 8_192


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified access token or API key; times are Unix seconds."""

    user_id: UUID
    session_id: UUID | None
    permissions: frozenset[Permission]
    issued_at: int
    expires_at: float
    key_id: UUID | None = None
    """The API key; None: an access token of a session."""


class JwtTokens:
    def __init__(self, most: int = 10_000) -> None:
        self._verified: LRUCache[bytes, Claims] = LRUCache(most)
        self._keys = KeySet([])

    def replace_keys(self, keys: Mapping[str, SigningKey]) -> None:
        """Trust these keys from now on; tokens that older keys signed are verified again."""
        jwks: Any = {"keys": [{**key.jwk, "kid": key.key_id} for key in keys.values()]}
        self._keys = KeySet.import_key_set(jwks) if keys else KeySet([])
        self._verified.clear()

    def verify(self, token: str, now: float) -> Claims:
        """Return the token's claims. Raises RefusedError (401) if it is not valid.

        Raises UnavailableError while no key is known: then no token can be told from another.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise unauthorized("the access token is not valid")
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            if not self._keys.keys:
                raise UnavailableError("no signing key is published yet", retry_in=1)
            claims = self._verified[digest] = self._read(token)
        if claims.expires_at < now:
            self._verified.pop(digest, None)
            raise unauthorized("the access token has expired")
        return claims

    def _read(self, token: str) -> Claims:
        try:
            claims = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            if claims["iss"] != ISSUER or claims["aud"] not in (AUDIENCE, [AUDIENCE]):
                raise unauthorized("the access token is for another service")
            return Claims(
                user_id=UUID(claims["sub"]),
                session_id=UUID(claims["sid"]) if "sid" in claims else None,
                permissions=granted(claims["permissions"]),
                issued_at=int(claims["iat"]),
                expires_at=int(claims["exp"]),
            )
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise unauthorized("the access token is not valid") from error

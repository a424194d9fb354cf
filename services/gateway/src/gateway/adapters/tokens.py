"""Access tokens: JWTs that auth signed, verified here with the public keys of bucket `keys`.

A verified token is remembered by its digest until it expires, so that a signature is checked
once and not with every request.
"""

# joserfc's claims are untyped dictionaries.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from contracts.access import granted
from contracts.auth import SigningKey
from gateway.domain.problems import unauthorized
from gateway.ports import Claims

ALGORITHMS = ["EdDSA", "Ed25519", "ES256"]
ISSUER = AUDIENCE = "comfyfleet"
LONGEST_TOKEN = 8_192
LEEWAY_SECONDS = 30


class JwtTokens:
    def __init__(self, keys: Mapping[str, SigningKey], most: int = 10_000) -> None:
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._most = most
        self._keys = KeySet([])
        self.replace_keys(keys)

    def replace_keys(self, keys: Mapping[str, SigningKey]) -> None:
        """From now on these keys are good; what an older key signed is checked again."""
        jwks: Any = {"keys": [{**key.jwk, "kid": key.key_id} for key in keys.values()]}
        self._keys = KeySet.import_key_set(jwks) if keys else KeySet([])
        self._verified.clear()

    def verify(self, token: str, now: float) -> Claims:
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise unauthorized("the access token is not valid")
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._verified[digest] = self._read(token)
            if len(self._verified) > self._most:
                self._verified.popitem(last=False)
        if claims.expires_at < now:
            self._verified.pop(digest, None)
            raise unauthorized("the access token has expired")
        return claims

    def _read(self, token: str) -> Claims:
        try:
            claims = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            if claims["iss"] != ISSUER or claims["aud"] not in (AUDIENCE, [AUDIENCE]):
                raise unauthorized("the access token is for something else")
            return Claims(
                user_id=UUID(claims["sub"]),
                permissions=granted(claims["permissions"]),
                issued_at=int(claims["iat"]),
                expires_at=int(claims["exp"]),
            )
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise unauthorized("the access token is not valid") from error

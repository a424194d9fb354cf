"""Access tokens as auth would sign them."""

import time
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from contracts.access import Permission
from contracts.auth.principals import SigningKey

ALL = [permission.value for permission in Permission]


class Signer:
    def __init__(self) -> None:
        self._key = OKPKey.generate_key("Ed25519", {"alg": "Ed25519", "use": "sig"}, auto_kid=True)
        self.public = SigningKey(
            key_id=self._key.kid or "", jwk=dict(self._key.as_dict(private=False))
        )

    def token(self, user_id: UUID, permissions: list[str] = ALL, **claims: Any) -> str:
        now = int(time.time())
        known = {"iss": "comfyfleet", "aud": "comfyfleet", "sub": str(user_id)}
        times = {"iat": now, "exp": now + 900, "permissions": permissions}
        header = {"alg": "Ed25519", "kid": self.public.key_id}
        return jwt.encode(header, {**known, **times, **claims}, self._key, algorithms=["Ed25519"])

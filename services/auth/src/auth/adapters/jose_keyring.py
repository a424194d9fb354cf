"""Ed25519 keys and signatures by joserfc; private parts sealed by Fernet.

The algorithm is named `Ed25519` in tokens and keys: `EdDSA` is deprecated (RFC 9864).
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import OKPKey

from auth.domain.keyring import Key

log = structlog.get_logger()

ALGORITHM = "Ed25519"


def derived(secret: str, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose from the secret of the settings (RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())


class JoseKeyring:
    """Private keys: unsealed in memory, sealed in Postgres."""

    def __init__(self, secret: str) -> None:
        self._seal = Fernet(urlsafe_b64encode(derived(secret, "signing keys")))
        self._unsealed: dict[str, OKPKey] = {}
        self._refused: set[str] = set()
        self._current: OKPKey | None = None

    def generate(self, now: datetime) -> Key:
        """Generate a key; its id is its thumbprint (RFC 7638)."""
        private = OKPKey.generate_key("Ed25519", {"alg": ALGORITHM, "use": "sig"}, auto_kid=True)
        key_id = str(private.kid)
        sealed = self._seal.encrypt(json.dumps(private.as_dict(private=True)).encode())
        self._unsealed[key_id] = private
        return Key(key_id, dict(private.as_dict(private=False)), sealed, now)

    def unseal(self, keys: Sequence[Key]) -> list[Key]:
        wanted = {key.id for key in keys}
        self._unsealed = {name: key for name, key in self._unsealed.items() if name in wanted}
        return [key for key in keys if key.id in self._unsealed or self._unseal(key)]

    def _unseal(self, key: Key) -> bool:
        try:
            private = json.loads(self._seal.decrypt(key.sealed))
        except InvalidToken:
            if key.id not in self._refused:
                log.warning("signing_key_unopenable", key_id=key.id)
            self._refused.add(key.id)
            return False
        self._unsealed[key.id] = OKPKey.import_key(private)
        return True

    def sign_with(self, key: Key) -> None:
        self._current = self._unsealed[key.id]

    def sign(self, claims: dict[str, Any]) -> str:
        if self._current is None:
            raise RuntimeError("no signing key was chosen")
        header = {"alg": ALGORITHM, "kid": self._current.kid}
        return jwt.encode(header, claims, self._current, algorithms=[ALGORITHM])

"""Seals secrets by Fernet, under a key that is derived from the secret of the settings."""

import secrets
from base64 import urlsafe_b64encode
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webhooks.domain.signature import SECRET_BYTES, as_secret, owner_secret


def derived(secret: str, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose from the secret of the settings (RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())


class SealedSecrets:
    def __init__(self, secret: str) -> None:
        self._fernet = Fernet(urlsafe_b64encode(derived(secret, "webhooks at rest")))
        self._owners = derived(secret, "webhooks of jobs")

    def new_secret(self) -> str:
        return as_secret(secrets.token_bytes(SECRET_BYTES))

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str | None:
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def of_owner(self, owner_id: UUID) -> str:
        return owner_secret(self._owners, owner_id)

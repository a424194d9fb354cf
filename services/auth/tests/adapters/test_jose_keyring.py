from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import OKPKey

from auth.adapters.jose_keyring import ALGORITHM, JoseKeyring

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "a secret of the settings"


def test_the_published_part_checks_what_the_private_part_signed() -> None:
    keyring = JoseKeyring(SECRET)
    key = keyring.generate(NOW)
    keyring.sign_with(key)

    token = keyring.sign({"sub": "somebody"})

    public = OKPKey.import_key(key.jwk)
    assert jwt.decode(token, public, algorithms=[ALGORITHM]).claims == {"sub": "somebody"}
    another = OKPKey.import_key(JoseKeyring(SECRET).generate(NOW).jwk)
    with pytest.raises(BadSignatureError):
        jwt.decode(token, another, algorithms=[ALGORITHM])


def test_the_private_part_is_neither_published_nor_stored_in_the_open() -> None:
    key = JoseKeyring(SECRET).generate(NOW)

    assert key.jwk.keys() == {"kty", "crv", "x", "kid", "alg", "use"}
    assert b'"d"' not in key.sealed


def test_another_process_opens_the_key_with_the_same_secret_only() -> None:
    key = JoseKeyring(SECRET).generate(NOW)
    same = JoseKeyring(SECRET)

    assert same.unseal([key]) == [key]
    assert JoseKeyring("another secret of settings").unseal([key]) == []
    same.sign_with(key)
    assert same.sign({})

"""Signatures are those of the specification, by its reference library."""

from base64 import b64decode
from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from webhooks.domain.signature import as_secret, owner_secret, signed_headers


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.text())
def test_the_reference_library_verifies_every_message(
    key: bytes, message_id: UUID, text: str
) -> None:
    secret, body = as_secret(key), text.encode()
    headers = signed_headers(secret, message_id, datetime.now(UTC), body)
    Webhook(secret).verify(body, headers, json_parse=False)


def test_owners_have_different_secrets_which_stay() -> None:
    one, other = uuid4(), uuid4()
    assert owner_secret(b"k", one) == owner_secret(b"k", one)
    assert len({owner_secret(b"k", one), owner_secret(b"k", other), owner_secret(b"l", one)}) == 3
    assert len(b64decode(owner_secret(b"k", one).removeprefix("whsec_"))) == 32

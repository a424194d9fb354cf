import pytest

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError


def test_an_idempotency_key_takes_its_own_body_only() -> None:
    key = IdempotencyKey(key="k", body_digest="a")
    key.refuse_other_body("a")

    with pytest.raises(ConflictError) as refused:
        key.refuse_other_body("b")

    assert refused.value.code == "idempotency_key_reused"

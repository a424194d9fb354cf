from datetime import UTC, datetime, timedelta

import pytest

from contracts.errors import ForbiddenError
from contracts.values import new_id
from runtime.grants import Grant, sign, verify

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_grant() -> Grant:
    return Grant(
        attempt_id=new_id(),
        job_id=new_id(),
        node_id=new_id(),
        owner_id=new_id(),
        media=[new_id()],
        expires_at=NOW + timedelta(hours=1),
    )


def test_what_was_signed_is_read_back() -> None:
    grant = a_grant()
    assert verify(sign(grant, "secret"), "secret", NOW) == grant


def test_a_forged_grant_is_refused() -> None:
    token = sign(a_grant(), "secret")
    for forged in (token[:-2] + "AA", f"x{token}", "é.é", "", "."):
        with pytest.raises(ForbiddenError):
            verify(forged, "secret", NOW)


def test_another_secret_or_an_old_grant_is_refused() -> None:
    token = sign(a_grant(), "secret")
    with pytest.raises(ForbiddenError):
        verify(token, "other", NOW)
    with pytest.raises(ForbiddenError, match="expired"):
        verify(token, "secret", NOW + timedelta(hours=2))

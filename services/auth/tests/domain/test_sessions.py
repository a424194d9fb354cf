from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from auth.domain import tokens
from auth.domain.sessions import Session, TokenUse, rotated, token_use

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def a_session(digest: bytes = b"current", **changes: Any) -> Session:
    session = Session(uuid4(), uuid4(), NOW, NOW + DAY, digest)
    return replace(session, **changes)


def test_the_current_token_is_exchanged() -> None:
    assert token_use(a_session(), b"current", uuid4(), NOW) is TokenUse.FIRST


def test_an_expired_session_refuses_even_its_current_token() -> None:
    assert token_use(a_session(expires_at=NOW), b"current", uuid4(), NOW) is TokenUse.EXPIRED


def test_the_last_used_token_is_answered_again_only_for_the_same_request() -> None:
    request = uuid4()
    session = rotated(a_session(), b"next", request, NOW, DAY)

    assert token_use(session, b"current", request, NOW) is TokenUse.REPEAT
    assert token_use(session, b"current", uuid4(), NOW) is TokenUse.REUSE


def test_older_tokens_are_reuse_whoever_shows_them() -> None:
    request = uuid4()
    session = rotated(a_session(), b"second", request, NOW, DAY)
    session = rotated(session, b"third", uuid4(), NOW, DAY)

    assert token_use(session, b"current", request, NOW) is TokenUse.REUSE


def test_each_rotation_prolongs_the_session() -> None:
    later = NOW + timedelta(hours=5)

    assert rotated(a_session(), b"next", uuid4(), later, DAY).expires_at == later + DAY


def test_a_refresh_token_names_its_session() -> None:
    session_id = uuid4()

    assert tokens.session_of(tokens.refresh_token(session_id, b"x" * 32)) == session_id


@given(st.text(max_size=100))
def test_any_text_can_be_asked_for_its_session(text: str) -> None:
    tokens.session_of(text)


def test_a_successor_depends_on_token_request_and_key() -> None:
    session, request = uuid4(), uuid4()
    first = tokens.successor("token", session, request, b"key")

    assert tokens.successor("token", session, request, b"key") == first
    others = {
        tokens.successor("other", session, request, b"key"),
        tokens.successor("token", session, uuid4(), b"key"),
        tokens.successor("token", session, request, b"yek"),
    }
    assert first not in others
    assert len(others) == 3

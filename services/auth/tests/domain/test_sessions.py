from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from auth.domain import tokens
from auth.domain.sessions import GRACE, Session, TokenUse, rotated, token_use

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def a_session(digest: bytes = b"current", **changes: Any) -> Session:
    session = Session(uuid4(), uuid4(), NOW, NOW + DAY, digest)
    return replace(session, **changes)


def use_of(
    session: Session,
    presented: bytes,
    request: UUID | None = None,
    now: datetime = NOW,
    *,
    is_genuine: bool = True,
) -> TokenUse:
    return token_use(session, presented, request or uuid4(), now, is_genuine=is_genuine)


def test_the_current_token_is_exchanged() -> None:
    assert use_of(a_session(), b"current") is TokenUse.FIRST


def test_an_expired_session_refuses_even_its_current_token() -> None:
    assert use_of(a_session(expires_at=NOW), b"current") is TokenUse.EXPIRED


def test_the_last_used_token_is_answered_again_for_the_same_request_or_at_one_moment() -> None:
    request = uuid4()
    session = rotated(a_session(), b"next", request, NOW, DAY)

    later = NOW + GRACE
    assert use_of(session, b"current", request, later) is TokenUse.REPEAT
    assert use_of(session, b"current", uuid4(), later) is TokenUse.REUSE
    assert use_of(session, b"current", uuid4(), later - timedelta(seconds=1)) is TokenUse.REPEAT


def test_older_tokens_are_reuse_whoever_shows_them() -> None:
    request = uuid4()
    session = rotated(a_session(), b"second", request, NOW, DAY)
    session = rotated(session, b"third", uuid4(), NOW, DAY)

    assert use_of(session, b"current", request) is TokenUse.REUSE


def test_a_token_that_was_never_issued_is_no_reuse() -> None:
    assert use_of(a_session(), b"garbage", is_genuine=False) is TokenUse.MADE_UP


def test_each_rotation_prolongs_the_session() -> None:
    later = NOW + timedelta(hours=5)

    assert rotated(a_session(), b"next", uuid4(), later, DAY).expires_at == later + DAY


def test_a_refresh_token_names_its_session() -> None:
    session_id = uuid4()

    token = tokens.refresh_token(session_id, b"x" * 16, b"key")

    assert tokens.session_of(token) == session_id
    assert tokens.is_genuine(token, b"key")
    assert not tokens.is_genuine(token, b"yek")
    assert not tokens.is_genuine(tokens.refresh_token(uuid4(), b"", b"") + token, b"key")


@given(st.text(max_size=100))
def test_any_text_can_be_asked_for_its_session(text: str) -> None:
    tokens.session_of(text)
    assert not tokens.is_genuine(text, b"key")


def test_a_successor_depends_on_token_request_and_key() -> None:
    session, request = uuid4(), uuid4()
    first = tokens.successor("token", session, request, b"key")

    assert tokens.successor("token", session, request, b"key") == first
    assert tokens.is_genuine(first, b"key")
    others = {
        tokens.successor("other", session, request, b"key"),
        tokens.successor("token", session, uuid4(), b"key"),
        tokens.successor("token", session, request, b"yek"),
    }
    assert first not in others
    assert len(others) == 3

"""Users about themselves."""

from uuid import UUID

import pytest

from auth.domain.audit import AuditFact
from auth.domain.errors import BadCredentialsError, TooManyAttemptsError, WrongPasswordError
from auth.domain.throttle import FREE_ATTEMPTS
from auth.domain.tokens import session_of
from auth.domain.users import User
from auth.handlers.me import (
    list_sessions,
    rename_user,
    replace_password,
    revoke_session,
    revoke_sessions,
)
from auth.handlers.sessions import issue_token
from contracts.access import Actor
from contracts.auth.me import (
    ListSessions,
    RenameUser,
    ReplacePassword,
    RevokeSession,
    RevokeSessions,
)
from contracts.auth.sessions import IssueToken
from contracts.errors import InvalidError
from contracts.values import new_id

from .fakes import FakeAuth, a_user

NEW = "tin-lemon-7731-quay"


def acting(user: User) -> Actor:
    return Actor(user_id=user.id, permissions=frozenset(user.permissions))


async def log_in(auth: FakeAuth, user: User, typed: str = "correct") -> UUID:
    login = IssueToken(username=user.email, password=typed)
    view = await issue_token(auth.service, login)
    session_id = session_of(view.refresh_token)
    assert session_id
    return session_id


def replacing(
    user: User, session_id: UUID, old: str = "correct", new: str = NEW
) -> ReplacePassword:
    return ReplacePassword(
        actor=acting(user), session_id=session_id, old_password=old, new_password=new
    )


def still_open(auth: FakeAuth) -> set[UUID]:
    return {session.id for session in auth.work.sessions.values() if not session.ended_at}


async def test_another_password_ends_all_other_sessions() -> None:
    user, stranger = a_user(), a_user("eve@example.com")
    auth = FakeAuth(user, stranger)
    mine, _, others = [await log_in(auth, one) for one in (user, user, stranger)]

    await replace_password(auth.service, replacing(user, mine))

    assert still_open(auth) == {mine, others}
    with pytest.raises(BadCredentialsError):
        await log_in(auth, user)
    await log_in(auth, user, NEW)
    entry = next(one for one in auth.work.entries if one.fact is AuditFact.PASSWORD_REPLACED)
    assert (entry.user_id, entry.actor_id) == (user.id, user.id)


async def test_a_request_that_the_bus_repeats_is_answered_again() -> None:
    user = a_user()
    auth = FakeAuth(user)
    mine = await log_in(auth, user)
    command = replacing(user, mine)
    for _ in range(2):
        await replace_password(auth.service, command)
    assert auth.work.facts == [AuditFact.LOGGED_IN, AuditFact.PASSWORD_REPLACED]
    with pytest.raises(WrongPasswordError):
        await replace_password(auth.service, replacing(user, mine))


async def test_a_repeat_that_overtakes_the_slow_first_one_is_answered_too() -> None:
    user = a_user()
    auth = FakeAuth(user)
    command = replacing(user, await log_in(auth, user))
    hash_password = auth.passwords.hash

    async def slowly(password: str) -> str:
        auth.passwords.hash = hash_password  # the repeat is quick
        await replace_password(auth.service, command)
        return await hash_password(password)

    auth.passwords.hash = slowly
    await replace_password(auth.service, command)
    assert auth.work.facts == [AuditFact.LOGGED_IN, AuditFact.PASSWORD_REPLACED]


@pytest.mark.parametrize("weak", ["password12", "ada@example.com"])
async def test_a_weak_password_changes_nothing(weak: str) -> None:
    user = a_user()
    auth = FakeAuth(user)
    with pytest.raises(InvalidError) as raised:
        await replace_password(auth.service, replacing(user, new_id(), new=weak))
    assert raised.value.code == "weak_password"
    assert auth.work.users[user.id] == user


async def test_the_old_password_can_be_guessed_no_faster_than_by_logging_in() -> None:
    user = a_user()
    auth = FakeAuth(user)
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(WrongPasswordError):
            await replace_password(auth.service, replacing(user, new_id(), old="guess"))
    with pytest.raises(TooManyAttemptsError):
        await replace_password(auth.service, replacing(user, new_id()))
    assert auth.work.users[user.id] == user


async def test_sessions_are_listed_and_ended_one_by_one_or_all() -> None:
    user, stranger = a_user(), a_user("eve@example.com")
    auth = FakeAuth(user, stranger)
    first, second, others = [await log_in(auth, one) for one in (user, user, stranger)]
    actor = acting(user)

    found = await list_sessions(auth.service, ListSessions(actor=actor, session_id=first))
    assert [(one.id, one.is_current) for one in found.items] == [(second, False), (first, True)]
    for session_id in (second, second, others, new_id()):
        revoke = RevokeSession(actor=actor, session_id=session_id)
        await revoke_session(auth.service, revoke)
    assert still_open(auth) == {first, others}
    await revoke_sessions(auth.service, RevokeSessions(actor=actor))
    assert still_open(auth) == {others}
    assert auth.work.facts[3:] == [AuditFact.LOGGED_OUT, AuditFact.SESSIONS_ENDED]
    auth.clock.advance(days=31)
    expired = await list_sessions(auth.service, ListSessions(actor=acting(stranger)))
    assert expired.items == []


async def test_a_user_changes_the_own_name() -> None:
    user = a_user()
    auth = FakeAuth(user)
    rename = RenameUser(actor=acting(user), name="Grace")

    views = [await rename_user(auth.service, rename) for _ in range(2)]

    assert [view.name for view in views] == ["Grace", "Grace"]
    assert auth.work.facts == [AuditFact.USER_RENAMED]

"""Invitations and ways back in, by links that work once."""

from typing import Any

import pytest

from auth.domain.audit import AuditFact
from auth.domain.errors import (
    BadLinkError,
    NotAPersonError,
    PermissionNotHeldError,
    UserNotFoundError,
)
from auth.domain.users import User
from auth.handlers.links import create_link, use_link
from auth.handlers.sessions import issue_token
from auth.handlers.users import change_user, erase_user
from contracts.access import Actor, IdempotencyKey, Permission
from contracts.auth.links import CreateLink, UseLink
from contracts.auth.sessions import IssueToken
from contracts.auth.users import ChangeUser, EraseUser, UserChanges, UserKind
from contracts.errors import ConflictError, InvalidError

from .fakes import FakeAuth, a_user

ROOT = a_user("root@example.com", role="admin")
ACTOR = Actor(user_id=ROOT.id, permissions=frozenset(Permission))
FIRST, SECOND = "a" * 64, "b" * 64
NEW = "tin-lemon-7731-quay"


def creating(user: User, digest: str = FIRST, actor: Actor = ACTOR, **more: Any) -> CreateLink:
    given = {"actor": actor, "user_id": user.id, "digest": digest, "lifetime_seconds": 3_600}
    return CreateLink.model_validate(given | more)


def using(digest: str = FIRST, **more: Any) -> UseLink:
    return UseLink.model_validate({"digest": digest, "password": NEW} | more)


async def test_an_invited_user_chooses_a_password_and_a_name_once() -> None:
    user = a_user(password_hash=None)
    auth = FakeAuth(ROOT, user)
    views = [await create_link(auth.service, creating(user)) for _ in range(2)]

    used = using(name="Grace")
    for _ in range(2):  # the bus repeats what is slow
        await use_link(auth.service, used)

    assert views[0] == views[1]
    await issue_token(auth.service, IssueToken(username=user.email, password=NEW))
    assert auth.work.users[user.id].name == "Grace"
    with pytest.raises(BadLinkError):
        await use_link(auth.service, using())
    facts = [AuditFact.LINK_CREATED, AuditFact.PASSWORD_REPLACED, AuditFact.LOGGED_IN]
    assert auth.work.facts == facts


async def test_a_reset_ends_all_sessions() -> None:
    user = a_user()
    auth = FakeAuth(ROOT, user)
    await issue_token(auth.service, IssueToken(username=user.email, password="correct"))
    await create_link(auth.service, creating(user))
    await use_link(auth.service, using())
    assert all(session.ended_at for session in auth.work.sessions.values())


async def test_a_link_that_is_replaced_expired_or_of_a_blocked_or_erased_user_is_not_valid() -> (
    None
):
    user = a_user()
    auth = FakeAuth(ROOT, user)
    await create_link(auth.service, creating(user))
    await create_link(auth.service, creating(user, SECOND))
    with pytest.raises(BadLinkError):
        await use_link(auth.service, using(FIRST))
    blocking = ChangeUser(actor=ACTOR, user_id=user.id, changes=UserChanges(is_blocked=True))
    await change_user(auth.service, blocking)
    with pytest.raises(BadLinkError):
        await use_link(auth.service, using(SECOND))
    unblocking = blocking.model_copy(update={"changes": UserChanges(is_blocked=False)})
    await change_user(auth.service, unblocking)
    auth.clock.advance(hours=1)
    with pytest.raises(BadLinkError):
        await use_link(auth.service, using(SECOND))
    await create_link(auth.service, creating(user))
    await erase_user(auth.service, EraseUser(actor=ACTOR, user_id=user.id))
    with pytest.raises(BadLinkError):
        await use_link(auth.service, using(FIRST))
    with pytest.raises(UserNotFoundError):
        await create_link(auth.service, creating(user))


async def test_a_weak_password_leaves_the_link_as_it_is() -> None:
    user = a_user()
    auth = FakeAuth(ROOT, user)
    await create_link(auth.service, creating(user))
    with pytest.raises(InvalidError):
        await use_link(auth.service, using(password="password12"))
    await use_link(auth.service, using())


async def test_nobody_makes_a_link_into_an_account_that_may_do_more() -> None:
    auth = FakeAuth(ROOT)
    helper = ACTOR.model_copy(update={"permissions": frozenset({Permission.USERS_WRITE})})
    with pytest.raises(PermissionNotHeldError):
        await create_link(auth.service, creating(ROOT, actor=helper))


async def test_the_text_of_a_link_is_not_replayed() -> None:
    user, key = a_user(), IdempotencyKey(key="k", body_digest="d")
    auth = FakeAuth(ROOT, user)
    await create_link(auth.service, creating(user, idempotency=key))
    with pytest.raises(ConflictError) as raised:
        await create_link(auth.service, creating(user, SECOND, idempotency=key))
    assert raised.value.code == "idempotency_key_used"


async def test_a_service_account_gets_no_link() -> None:
    service = a_user(kind=UserKind.SERVICE, password_hash=None)
    auth = FakeAuth(ROOT, service)
    with pytest.raises(NotAPersonError):
        await create_link(auth.service, creating(service))

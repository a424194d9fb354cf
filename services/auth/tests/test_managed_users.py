"""Administrators create, change and erase users."""

from typing import Any
from uuid import uuid4

import pytest

from auth.domain.audit import AuditFact
from auth.domain.errors import (
    BadCredentialsError,
    EmailTakenError,
    LastAdministratorError,
    PermissionNotHeldError,
    UserNotFoundError,
)
from auth.domain.users import User
from auth.handlers.sessions import issue_token
from auth.handlers.users import change_user, create_user, erase_user
from contracts.access import Actor, IdempotencyKey, Permission
from contracts.auth.sessions import IssueToken
from contracts.auth.users import ChangeUser, CreateUser, EraseUser, NewUser, UserChanges
from contracts.errors import ConflictError, InvalidError
from contracts.values import new_id

from .fakes import FakeAuth, a_user

KEY = IdempotencyKey(key="k", body_digest="d")


def acting(user: User, *permissions: Permission) -> Actor:
    return Actor(user_id=user.id, permissions=frozenset(permissions or user.permissions))


def an_admin(**changes: Any) -> User:
    return a_user("root@example.com", role="admin", **changes)


def creating(actor: Actor, **fields: Any) -> CreateUser:
    given = {"email": "Grace@Example.com", "name": "Grace", **fields}
    return CreateUser(actor=actor, user_id=new_id(), user=NewUser.model_validate(given))


def changing(actor: Actor, user: User, **changes: Any) -> ChangeUser:
    return ChangeUser(actor=actor, user_id=user.id, changes=UserChanges(**changes))


async def test_a_new_user_logs_in_with_the_first_password() -> None:
    root = an_admin()
    auth = FakeAuth(root)

    view = await create_user(auth.service, creating(acting(root), password="long enough"))

    assert (view.email, view.role, view.has_password) == ("grace@example.com", "user", True)
    login = IssueToken(username="grace@example.com", password="long enough")
    assert (await issue_token(auth.service, login)).user_id == view.id
    [created, _] = auth.work.entries
    assert (created.fact, created.user_id) == (AuditFact.USER_CREATED, view.id)
    assert (created.actor_id, created.detail) == (root.id, "role user")


async def test_a_user_without_a_password_cannot_log_in() -> None:
    root = an_admin()
    auth = FakeAuth(root)

    view = await create_user(auth.service, creating(acting(root)))

    assert not view.has_password
    for password in ("", "None", "anything"):
        with pytest.raises(BadCredentialsError):
            await issue_token(auth.service, IssueToken(username=view.email, password=password))


async def test_a_creation_that_is_repeated_makes_one_user() -> None:
    root = an_admin()
    auth = FakeAuth(root)
    command = creating(acting(root)).model_copy(update={"idempotency": KEY})
    other_id = command.model_copy(update={"user_id": new_id()})
    other_body = IdempotencyKey(key="k", body_digest="another")

    views = [await create_user(auth.service, one) for one in (command, command, other_id)]

    assert {view.id for view in views} == {command.user_id}
    assert auth.work.facts == [AuditFact.USER_CREATED]
    with pytest.raises(ConflictError) as raised:
        await create_user(auth.service, other_id.model_copy(update={"idempotency": other_body}))
    assert raised.value.code == "idempotency_key_reused"


async def test_two_users_cannot_have_one_address_in_whatever_spelling() -> None:
    root = an_admin()
    auth = FakeAuth(root, a_user("grace@example.com"))
    with pytest.raises(EmailTakenError):
        await create_user(auth.service, creating(acting(root), email=" GRACE@example.com".strip()))


async def test_a_role_that_does_not_exist_is_refused() -> None:
    root, user = an_admin(), a_user()
    auth = FakeAuth(root, user)
    with pytest.raises(InvalidError) as raised:
        await create_user(auth.service, creating(acting(root), role="king"))
    assert raised.value.code == "unknown_role"
    with pytest.raises(InvalidError):
        await change_user(auth.service, changing(acting(root), user, role="king"))


async def test_who_may_only_manage_users_can_neither_make_nor_touch_an_administrator() -> None:
    helper, root, user = a_user("help@example.com"), an_admin(), a_user()
    auth = FakeAuth(helper, root, user)
    actor = acting(helper, Permission.USERS_WRITE, *user.permissions)
    commands = (
        changing(actor, helper, role="admin"),
        changing(actor, user, role="admin"),
        changing(actor, root, is_blocked=True),
        changing(actor, root, role="user"),
        changing(actor, root, name="Fool"),
    )
    for command in commands:
        with pytest.raises(PermissionNotHeldError):
            await change_user(auth.service, command)
    with pytest.raises(PermissionNotHeldError):
        await create_user(auth.service, creating(actor, role="admin"))
    with pytest.raises(PermissionNotHeldError):
        await erase_user(auth.service, EraseUser(actor=actor, user_id=root.id))

    assert (await change_user(auth.service, changing(actor, user, is_blocked=True))).is_blocked
    assert auth.work.facts == [AuditFact.USER_BLOCKED]


@pytest.mark.parametrize("change", [{"is_blocked": True}, {"role": "user"}])
async def test_the_last_administrator_who_can_log_in_stays(change: dict[str, Any]) -> None:
    root, second = an_admin(), a_user(role="admin")
    useless = a_user("blocked@example.com", role="admin", is_blocked=True)
    invited = a_user("new@example.com", role="admin", password_hash=None)
    auth = FakeAuth(root, second, useless, invited)
    actor = acting(root)

    await change_user(auth.service, changing(actor, second, **change))

    with pytest.raises(LastAdministratorError):
        await change_user(auth.service, changing(actor, root, **change))
    with pytest.raises(LastAdministratorError):
        await erase_user(auth.service, EraseUser(actor=actor, user_id=root.id))
    assert auth.work.users[root.id] == root


async def test_an_erased_person_leaves_the_id_alone() -> None:
    root, user = an_admin(), a_user()
    auth = FakeAuth(root, user)
    erase = EraseUser(actor=acting(root), user_id=user.id)
    await issue_token(auth.service, IssueToken(username=user.email, password="correct"))

    await erase_user(auth.service, erase)
    await erase_user(auth.service, erase)

    assert (auth.work.sessions, auth.work.erased) == ({}, {user.id})
    assert auth.work.entries[-1].fact is AuditFact.USER_ERASED
    assert user.email not in str(auth.work.entries)
    again = await create_user(auth.service, creating(acting(root), email=user.email))
    assert again.id != user.id
    for unknown in (user, a_user(id=uuid4())):
        with pytest.raises(UserNotFoundError):
            await change_user(auth.service, changing(acting(root), unknown, name="x"))

from dataclasses import replace
from uuid import uuid4

import pytest

from auth.domain.audit import AuditFact
from auth.domain.errors import UserNotFoundError
from auth.domain.keyring import KEPT_AFTER, ROTATE_AFTER, SETTLES_AFTER
from auth.domain.sessions import Session
from auth.handlers.administrator import ensure_administrator
from auth.handlers.upkeep import rotate_keys
from auth.handlers.users import find_user
from contracts.access import Permission
from contracts.auth.users import FindUser

from .fakes import NOW, FakeAuth, FakeKeyring, a_user


async def test_the_admin_of_the_settings_is_made_once_and_may_do_everything() -> None:
    auth = FakeAuth()

    await ensure_administrator(auth.service)
    await ensure_administrator(auth.service)

    [admin] = auth.work.users.values()
    assert admin.email == "root@example.com"
    assert set(admin.view().permissions) == set(Permission)
    assert auth.work.facts == [AuditFact.USER_CREATED]


async def test_another_password_in_the_settings_replaces_it_and_ends_every_session() -> None:
    root = a_user("root@example.com", "old", is_blocked=True)
    auth = FakeAuth(root, setting="new")
    await auth.work.save_session(Session(uuid4(), root.id, NOW, NOW, b""))

    await ensure_administrator(auth.service)

    changed = auth.work.users[root.id]
    assert changed.password_hash == "hash of new"
    assert (changed.role.name, changed.is_blocked) == ("admin", False)
    assert changed.sessions_valid_from == int(NOW.timestamp())
    assert not auth.work.sessions


async def test_an_ordinary_user_named_by_the_settings_becomes_administrator() -> None:
    root = a_user("root@example.com")
    auth = FakeAuth(root)

    await ensure_administrator(auth.service)

    assert auth.work.users[root.id].role.name == "admin"
    assert auth.work.users[root.id].sessions_valid_from == 0


async def test_a_user_is_found_by_id_or_not_at_all() -> None:
    user = a_user()

    query = FindUser(user_id=user.id)

    assert (await find_user(FakeAuth(user).service, query)).email == user.email
    with pytest.raises(UserNotFoundError):
        await find_user(FakeAuth().service, query)


async def test_a_role_of_a_later_version_allows_nothing() -> None:
    assert a_user(role="auditor").view().permissions == []


async def test_keys_are_made_settled_and_dropped_in_turn() -> None:
    auth = FakeAuth()

    async def tick(**duration: float) -> tuple[str, int]:
        auth.clock.advance(**duration)
        await rotate_keys(auth.service)
        assert auth.keyring.current
        return auth.keyring.current.id, len(auth.work.signing_keys)

    assert await tick() == ("key 0", 1)
    assert await tick(minutes=1) == ("key 0", 1)
    assert await tick(seconds=ROTATE_AFTER.total_seconds()) == ("key 0", 2)
    assert await tick(seconds=SETTLES_AFTER.total_seconds()) == ("key 1", 2)
    assert await tick(seconds=KEPT_AFTER.total_seconds()) == ("key 1", 1)


async def test_a_key_that_cannot_be_opened_stays_published_and_is_replaced_at_once() -> None:
    auth, keyring = FakeAuth(), FakeKeyring()
    await rotate_keys(auth.service)
    auth.clock.advance(minutes=1)

    await rotate_keys(replace(auth.service, keyring=keyring))

    assert len(auth.work.signing_keys) == 2
    assert keyring.current == keyring.made[0]

from uuid import uuid4

import pytest

from auth.domain.audit import Fact
from auth.domain.keyring import KEPT_AFTER, ROTATE_AFTER, SETTLES_AFTER
from auth.domain.refusals import UserNotFoundError
from auth.domain.sessions import Session
from auth.handlers.keys import tend_keys
from auth.handlers.users import ensure_admin, find_user
from contracts.access import Permission
from contracts.auth import FindUser

from .fakes import NOW, FakeClock, FakeKeyring, FakePasswords, FakeWork, a_user


async def make_admin(work: FakeWork, setting: str = "correct") -> None:
    await ensure_admin(work, FakePasswords(), FakeClock(), "Root@example.com", setting)


async def test_the_admin_of_the_settings_is_made_once_and_may_do_everything() -> None:
    work = FakeWork()

    await make_admin(work)
    await make_admin(work)

    [admin] = work.users.values()
    assert admin.email == "root@example.com"
    assert set(admin.view().permissions) == set(Permission)
    assert work.facts == [Fact.USER_CREATED]


async def test_another_password_in_the_settings_replaces_it_and_ends_every_session() -> None:
    root = a_user("root@example.com", "old", is_blocked=True)
    work = FakeWork(root)
    await work.save_session(Session(uuid4(), root.id, NOW, NOW, b""))

    await make_admin(work, "new")

    changed = work.users[root.id]
    assert changed.password_hash == "hash of new"
    assert (changed.role, changed.is_blocked) == ("admin", False)
    assert changed.sessions_valid_from == int(NOW.timestamp())
    assert not work.sessions


async def test_an_ordinary_user_named_by_the_settings_becomes_administrator() -> None:
    root = a_user("root@example.com")
    work = FakeWork(root)

    await make_admin(work)

    assert work.users[root.id].role == "admin"
    assert work.users[root.id].sessions_valid_from == 0


async def test_a_user_is_found_by_id_or_not_at_all() -> None:
    user = a_user()

    assert (await find_user(FakeWork(user), FindUser(user_id=user.id))).email == user.email
    with pytest.raises(UserNotFoundError):
        await find_user(FakeWork(), FindUser(user_id=user.id))


async def test_a_role_of_a_later_version_allows_nothing() -> None:
    assert a_user(role="auditor").view().permissions == []


async def test_keys_are_made_settled_and_dropped_in_turn() -> None:
    work, keyring, clock = FakeWork(), FakeKeyring(), FakeClock()

    async def tick(**duration: float) -> tuple[str, int]:
        clock.advance(**duration)
        await tend_keys(work, keyring, clock)
        assert keyring.current
        return keyring.current.id, len(work.signing_keys)

    assert await tick() == ("key 0", 1)
    assert await tick(minutes=1) == ("key 0", 1)
    assert await tick(seconds=ROTATE_AFTER.total_seconds()) == ("key 0", 2)
    assert await tick(seconds=SETTLES_AFTER.total_seconds()) == ("key 1", 2)
    assert await tick(seconds=KEPT_AFTER.total_seconds()) == ("key 1", 1)


async def test_a_key_that_cannot_be_opened_stays_published_and_is_replaced_at_once() -> None:
    work, clock = FakeWork(), FakeClock()
    await tend_keys(work, FakeKeyring(), clock)
    keyring = FakeKeyring()
    clock.advance(minutes=1)

    await tend_keys(work, keyring, clock)

    assert len(work.signing_keys) == 2
    assert keyring.current == keyring.made[0]

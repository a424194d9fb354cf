"""Users as administrators manage them, on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.adapters.sql_work import SqlUnitOfWork
from auth.domain.links import PasswordLink
from auth.domain.sessions import Session
from auth.handlers.users import change_user, create_user, erase_user, find_user, list_users
from auth.service import Auth
from contracts.access import Actor, IdempotencyKey, Permission
from contracts.auth.users import (
    ChangeUser,
    CreateUser,
    EraseUser,
    FindUser,
    ListUsers,
    NewUser,
    UserChanges,
)
from contracts.errors import ConflictError, InvalidError, NotFoundError
from contracts.values import new_id
from runtime.postgres.engine import database
from runtime.testing.postgres import PostgresServer

from ..fakes import NOW, FakeAuth, a_user  # noqa: TID252  shared by these tests alone
from .test_sql_work import settings_for

ROOT = a_user("root@example.com", role="admin")
ACTOR = Actor(user_id=ROOT.id, permissions=frozenset(Permission))


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    async with database(settings_for(await postgres.database_for("auth"))) as opened:
        yield opened


@pytest.fixture
async def auth(engine: AsyncEngine) -> Auth:
    work = SqlUnitOfWork(engine, lambda: None)
    async with work() as transaction:
        await transaction.save_user(ROOT)
    return replace(FakeAuth().service, unit_of_work=work)


def creating(email: str, key: str | None = None, name: str = "Grace") -> CreateUser:
    idempotency = IdempotencyKey(key=key, body_digest="d") if key else None
    user = NewUser(email=email, name=name, password="long enough")
    return CreateUser(actor=ACTOR, user_id=new_id(), user=user, idempotency=idempotency)


async def emails(auth: Auth, **filters: object) -> list[str]:
    query = ListUsers.model_validate({"actor": ACTOR, **filters})
    return [user.email for user in (await list_users(auth, query)).items]


async def test_pages_show_each_user_once_newest_first(auth: Auth) -> None:
    made = [f"u{number}@example.com" for number in range(5)]
    for number, email in enumerate(made):
        later = replace(auth, clock=lambda hours=number: NOW + timedelta(hours=1 + hours // 2))
        await create_user(later, creating(email))
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await list_users(auth, ListUsers(actor=ACTOR, limit=2, cursor=cursor))
        found += [user.email for user in page.items]
        if (cursor := page.next_cursor) is None:
            break

    assert found == [*reversed(made), ROOT.email]
    with pytest.raises(InvalidError):
        await list_users(auth, ListUsers(actor=ACTOR, cursor="AAAA"))


async def test_filters_find_a_part_of_a_name_a_role_and_blocked_users(auth: Auth) -> None:
    grace = await create_user(auth, creating("grace@example.com", name="Grace 100%"))
    await create_user(auth, creating("ada@example.com", name="Ada 1000"))
    blocking = UserChanges(is_blocked=True)
    await change_user(auth, ChangeUser(actor=ACTOR, user_id=grace.id, changes=blocking))

    assert await emails(auth, text="100%") == ["grace@example.com"]
    assert await emails(auth, text="ADA@") == ["ada@example.com"]
    assert await emails(auth, role="admin") == ["root@example.com"]
    assert await emails(auth, is_blocked=True) == ["grace@example.com"]
    assert await emails(auth, is_blocked=False, role="user") == ["ada@example.com"]


async def test_one_key_and_one_address_make_one_user_however_many_try_at_once(auth: Auth) -> None:
    same = [create_user(auth, creating("a@example.com", key="k")) for _ in range(4)]
    views = await asyncio.gather(*same)
    other = [create_user(auth, creating("b@example.com")) for _ in range(4)]
    found = await asyncio.gather(*other, return_exceptions=True)

    assert len({view.id for view in views}) == 1
    assert sum(isinstance(one, ConflictError) for one in found) == 3


async def test_of_two_last_administrators_who_demote_each_other_one_stays(auth: Auth) -> None:
    second = a_user("second@example.com", role="admin")
    async with auth.unit_of_work() as work:
        await work.save_user(second)
    demoting = [
        change_user(
            auth, ChangeUser(actor=ACTOR, user_id=user.id, changes=UserChanges(role="user"))
        )
        for user in (ROOT, second)
    ]
    found = await asyncio.gather(*demoting, return_exceptions=True)

    assert [isinstance(one, ConflictError) for one in found].count(True) == 1
    assert len(await emails(auth, role="admin")) == 1


async def test_all_but_one_of_a_users_sessions_end_and_the_principal_says_so(
    auth: Auth, engine: AsyncEngine
) -> None:
    lasting = [Session(new_id(), ROOT.id, NOW, NOW + timedelta(days=1), b"x") for _ in range(3)]
    async with auth.unit_of_work() as work:
        for session in lasting:
            await work.save_session(session)
        assert await work.sessions_of(ROOT.id) == lasting[::-1]
        await work.end_sessions(lasting[1:], NOW)
        assert await work.sessions_of(ROOT.id) == lasting[:1]
    async with engine.connect() as connection:
        last = (
            "SELECT messages::text FROM outbox WHERE messages::text LIKE '%$KV.principals%' "
            "ORDER BY id DESC LIMIT 1"
        )
        announced = (await connection.execute(text(last))).scalar_one()
    assert [str(session.id) in announced for session in lasting] == [False, True, True]


async def test_a_user_has_one_link_which_ends(auth: Auth) -> None:
    first = PasswordLink(ROOT.id, "a", NOW + timedelta(hours=1))
    second = replace(first, digest="b", used_by=new_id())
    async with auth.unit_of_work() as work:
        await work.save_link(first)
        await work.save_link(second)
        assert await work.link("a") is None
        assert await work.link("b") == second
        await work.prune(NOW)
        assert await work.link("b") == second
        await work.prune(second.expires_at)
        assert await work.link("b") is None


async def test_erasing_leaves_no_word_of_the_person_but_the_id(
    auth: Auth, engine: AsyncEngine
) -> None:
    view = await create_user(auth, creating("grace@example.com", name="Grace Hopper"))
    async with auth.unit_of_work() as work:
        await work.save_session(Session(new_id(), view.id, NOW, NOW + timedelta(days=1), b"x"))
    await erase_user(auth, EraseUser(actor=ACTOR, user_id=view.id))

    async with engine.connect() as connection:
        for table in ("users", "sessions", "audit", "idempotency", "erased_users"):
            rows = await connection.execute(text(f"SELECT {table}::text FROM {table}"))  # noqa: S608
            assert not any("race" in row for (row,) in rows), table
        left = "SELECT messages::text FROM outbox"
        announced = [row for (row,) in await connection.execute(text(left)) if '"DEL"' in row]
        kept = (await connection.execute(text("SELECT id FROM erased_users"))).scalar_one()
    assert kept == view.id
    assert [f"$KV.principals.{view.id}" in row for row in announced] == [True]
    with pytest.raises(NotFoundError):
        await find_user(auth, FindUser(user_id=view.id))

"""Roles on a real Postgres, and the principals that are published of them."""

from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.handlers.roles import change_role, create_role, find_role
from auth.handlers.users import change_user, create_user
from auth.service import Auth
from contracts.auth.principals import Principal
from contracts.auth.roles import ChangeRole, CreateRole, FindRole, NewRole, RoleChanges
from contracts.auth.users import ChangeUser, UserChanges
from contracts.values import new_id
from runtime.outbox.messages import decode

from .test_sql_users import ACTOR, auth, creating, engine

__all__ = ["auth", "engine"]
SHOP = NewRole.model_validate(
    {"name": "shop", "permissions": ["jobs:run"], "limits": {"max_waiting_jobs": 3}}
)


async def published(engine: AsyncEngine) -> list[Principal]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT messages FROM outbox ORDER BY id"))
        return [
            Principal.model_validate_json(message.body)
            for (row,) in rows
            for message in decode(row)
            if message.subject.startswith("$KV.")
        ]


async def test_a_change_of_a_role_reaches_the_principals_of_all_its_users(
    auth: Auth, engine: AsyncEngine
) -> None:
    await create_role(auth, CreateRole(actor=ACTOR, request_id=new_id(), role=SHOP))
    ids = {(await create_user(auth, creating(f"{number}@example.com"))).id for number in range(3)}
    for user_id in ids:
        to_shop = UserChanges(role="shop")
        view = await change_user(auth, ChangeUser(actor=ACTOR, user_id=user_id, changes=to_shop))
        assert (view.role, view.limits.max_waiting_jobs) == ("shop", 3)
    before = len(await published(engine))
    changes = RoleChanges.model_validate({"workflows": ["shop-*"], "permissions": ["media:read"]})
    role = await change_role(auth, ChangeRole(actor=ACTOR, name="shop", changes=changes))

    told = (await published(engine))[before:]
    assert {one.user_id for one in told} == ids
    assert {one.reach.workflows for one in told} == {("shop-*",)}
    assert {tuple(one.permissions or ()) for one in told} == {("media:read",)}
    assert {one.limits.max_waiting_jobs for one in told} == {3}
    assert (role.user_count, role.name) == (3, "shop")


async def test_a_role_comes_back_as_it_was_made(auth: Auth) -> None:
    later = replace(auth)
    made = await create_role(auth, CreateRole(actor=ACTOR, request_id=new_id(), role=SHOP))
    assert await find_role(later, FindRole(actor=ACTOR, name="shop")) == made.role

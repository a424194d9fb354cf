"""Administrators define roles."""

from typing import Any

import pytest

from auth.domain.audit import AuditFact
from auth.domain.errors import (
    PermissionNotHeldError,
    RoleBuiltInError,
    RoleExistsError,
    RoleInUseError,
    RoleNotFoundError,
    TooManyRolesError,
)
from auth.domain.roles import Role
from auth.handlers.roles import change_role, create_role, delete_role, find_role, list_roles
from auth.handlers.users import change_user
from contracts.access import Actor, IdempotencyKey, Permission, Reach
from contracts.auth.roles import (
    MAX_ROLES,
    ChangeRole,
    CreateRole,
    DeleteRole,
    FindRole,
    ListRoles,
    NewRole,
    RoleChanges,
)
from contracts.auth.users import ChangeUser, UserChanges
from contracts.values import new_id

from .fakes import FakeAuth, a_user

ROOT = a_user("root@example.com", role="admin")
ACTOR = Actor(user_id=ROOT.id, permissions=frozenset(Permission))
HELPER = ACTOR.model_copy(
    update={"permissions": frozenset({Permission.USERS_WRITE, Permission.JOBS_READ})}
)


def creating(actor: Actor = ACTOR, name: str = "shop", **fields: Any) -> CreateRole:
    given = {"name": name, "permissions": ["jobs:run"], **fields}
    return CreateRole(actor=actor, request_id=new_id(), role=NewRole.model_validate(given))


def changing(actor: Actor = ACTOR, name: str = "shop", **changes: Any) -> ChangeRole:
    return ChangeRole(actor=actor, name=name, changes=RoleChanges.model_validate(changes))


async def test_a_role_is_created_listed_changed_and_deleted() -> None:
    auth = FakeAuth(ROOT)
    made = await create_role(auth.service, creating(workflows=["shop-*"]))
    changed = await change_role(auth.service, changing(permissions=["media:write"]))
    listed = await list_roles(auth.service, ListRoles(actor=ACTOR))
    delete = DeleteRole(actor=ACTOR, name="shop")
    await delete_role(auth.service, delete)
    await delete_role(auth.service, delete)

    assert made.role.permissions == ["jobs:read", "jobs:run"]
    assert changed.permissions == ["media:read", "media:write"]
    assert changed.workflows == ("shop-*",)
    counts = [(role.name, role.is_built_in, role.user_count) for role in listed.items]
    assert counts == [("admin", True, 1), ("user", True, 0), ("shop", False, 0)]
    with pytest.raises(RoleNotFoundError):
        await find_role(auth.service, FindRole(actor=ACTOR, name="shop"))
    facts = [AuditFact.ROLE_CREATED, AuditFact.ROLE_REDEFINED, AuditFact.ROLE_DELETED]
    assert auth.work.facts == facts
    assert {entry.actor_id for entry in auth.work.entries} == {ROOT.id}


async def test_a_creation_that_is_repeated_makes_one_role() -> None:
    auth = FakeAuth(ROOT)
    key = {"idempotency": IdempotencyKey(key="k", body_digest="d")}
    command = creating().model_copy(update=key)
    by_bus = [await create_role(auth.service, command) for _ in range(2)]
    by_caller = await create_role(auth.service, creating().model_copy(update=key))

    assert [made.is_replay for made in (*by_bus, by_caller)] == [False, False, True]
    assert auth.work.facts == [AuditFact.ROLE_CREATED]
    with pytest.raises(RoleExistsError):
        await create_role(auth.service, creating())
    with pytest.raises(RoleExistsError):
        await create_role(auth.service, creating(name="admin"))


async def test_a_role_that_somebody_has_stays() -> None:
    users = [a_user(f"{number}@example.com", role=Role("shop")) for number in range(2)]
    auth = FakeAuth(ROOT, *users)
    auth.work.own_roles["shop"] = Role("shop")
    with pytest.raises(RoleInUseError, match="2 users have this role"):
        await delete_role(auth.service, DeleteRole(actor=ACTOR, name="shop"))


async def test_built_in_roles_stay_as_they_are() -> None:
    auth = FakeAuth(ROOT)
    for name in ("admin", "user"):
        with pytest.raises(RoleBuiltInError):
            await change_role(auth.service, changing(name=name, permissions=[]))
        with pytest.raises(RoleBuiltInError):
            await delete_role(auth.service, DeleteRole(actor=ACTOR, name=name))


async def test_nobody_raises_themselves_by_a_role() -> None:
    helper = a_user("help@example.com", role=Role("help", HELPER.permissions))
    auth = FakeAuth(ROOT, helper)
    actor = HELPER.model_copy(update={"user_id": helper.id})
    auth.work.own_roles = {"help": helper.role, "boss": Role("boss", frozenset(Permission))}
    attempts = (
        create_role(auth.service, creating(actor, permissions=["nodes:write"])),
        change_role(auth.service, changing(actor, "help", permissions=[*Permission])),
        change_role(auth.service, changing(actor, "boss", permissions=[])),
        delete_role(auth.service, DeleteRole(actor=actor, name="boss")),
        change_user(
            auth.service,
            ChangeUser(actor=actor, user_id=helper.id, changes=UserChanges(role="boss")),
        ),
    )
    for attempt in attempts:
        with pytest.raises(PermissionNotHeldError):
            await attempt
    assert not auth.work.facts


async def test_nobody_gives_workflows_or_models_that_they_may_not_use() -> None:
    auth = FakeAuth(ROOT)
    reach = Reach(workflows=("shop-*",), models=("loras/*",))
    actor = ACTOR.model_copy(update={"reach": reach})
    attempts: tuple[dict[str, Any], ...] = (
        {},
        {"workflows": ["*"], "models": ["loras/a"]},
        {"workflows": ["shop-a"], "models": ["*"]},
    )
    for beyond in attempts:
        with pytest.raises(PermissionNotHeldError):
            await create_role(auth.service, creating(actor, **beyond))
    within: dict[str, Any] = {"workflows": ["shop-a*", "shop-*"], "models": ["loras/film-*"]}
    await create_role(auth.service, creating(actor, **within))


async def test_a_fleet_has_a_bounded_number_of_roles() -> None:
    auth = FakeAuth(ROOT)
    auth.work.own_roles = {f"r{number}": Role(f"r{number}") for number in range(MAX_ROLES)}
    with pytest.raises(TooManyRolesError):
        await create_role(auth.service, creating())

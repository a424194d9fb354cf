"""Endpoints of roles: sets of permissions, with limits and what their users may use."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from contracts.access import Actor, LimitOverrides, Permission
from contracts.auth.roles import (
    ChangeRole,
    CreateRole,
    DeleteRole,
    FindRole,
    ListRoles,
    NewRole,
    RoleChanges,
    RolePage,
    RoleView,
)
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.service import CurrentGateway
from gateway.users.users import KnownLimits

router = APIRouter(prefix="/v1/roles", tags=["users"])

RoleName: TypeAlias = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="Name of the role.")
]


class RoleRequest(NewRole):
    """A role to create."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: KnownLimits = Field(
        default=LimitOverrides(),
        description="Limits of its users; those that are set for a user alone go before them.",
    )


class RolePatch(RoleChanges):
    """Changes to a role. A field that is absent, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: KnownLimits | None = Field(
        default=None, description="All its limits; those before are gone."
    )


@router.get("", summary="List roles", responses=refusals("database_away"))
async def list_roles(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.USERS_READ)]
) -> RolePage:
    """The list is complete, built-in roles first: `next_cursor` is always null."""
    return await gateway.bus.call(ListRoles(actor=actor))


@router.post(
    "",
    status_code=201,
    summary="Create a role",
    responses=refusals("permission_not_held", "role_exists", "too_many_roles", "database_away"),
)
async def create_role(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    role: Body[RoleRequest],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> RoleView:
    """It may have no permission that you do not have, nor workflows and model files beyond yours.

    Each permission brings the read permission that it implies. Limits may be higher than yours.
    """
    command = CreateRole(actor=actor, request_id=new_id(), role=role, idempotency=idempotency_key)
    made = await gateway.bus.call(command)
    path = gateway.path(f"/v1/roles/{made.role.name}")
    mark_created(answer, path, is_replay=made.is_replay, key=idempotency_key)
    return made.role


@router.get("/{name}", summary="Show a role", responses=refusals("database_away"))
async def get_role(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_READ)],
    name: RoleName,
) -> RoleView:
    """With the number of its users."""
    return await gateway.bus.call(FindRole(actor=actor, name=name))


@router.patch(
    "/{name}",
    summary="Change a role",
    responses=refusals("permission_not_held", "role_built_in", "database_away"),
)
async def change_role(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    name: RoleName,
    patch: Body[RolePatch],
) -> RoleView:
    """It has effect for all its users within seconds.

    Permissions that it loses are gone at once; those that it gains come with the next token.
    """
    return await gateway.bus.call(ChangeRole(actor=actor, name=name, changes=patch))


@router.delete(
    "/{name}",
    status_code=204,
    summary="Delete a role",
    responses=refusals("permission_not_held", "role_built_in", "role_in_use", "database_away"),
)
async def delete_role(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    name: RoleName,
) -> None:
    """A role that somebody has stays, and the answer says how many have it."""
    await gateway.bus.call(DeleteRole(actor=actor, name=name))

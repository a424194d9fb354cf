"""Endpoints of users, for those who administer them."""

from typing import Annotated, Any, TypeAlias, cast

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator, ConfigDict, Field

from contracts.access import Actor, LimitOverrides, Permission
from contracts.auth import users
from contracts.auth.users import (
    ChangeUser,
    CreateUser,
    EraseUser,
    FindUser,
    ListUsers,
    NewUser,
    UserChanges,
    UserPage,
    UserView,
)
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body, Strict
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.service import CurrentGateway
from gateway.users.api_keys import UserId

router = APIRouter(prefix="/v1/users", tags=["users"])

PASSWORD_SECONDS = 10.0


class UserFilters(users.UserFilters, Strict):
    """Filters of the list of users."""


def without_unknown(value: Any) -> Any:
    """Refuse limits that this release does not know, which auth would ignore."""
    if isinstance(value, dict):
        names = cast("dict[str, Any]", value).keys() - LimitOverrides.model_fields.keys()
        if names:
            raise ValueError(f"there is no limit {min(names)[:40]}")
    return cast("Any", value)


KnownLimits: TypeAlias = Annotated[LimitOverrides, BeforeValidator(without_unknown)]


class UserRequest(NewUser):
    """A user to create."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: KnownLimits = Field(default=LimitOverrides(), description="Limits for this user alone.")


class UserPatch(UserChanges):
    """Changes to a user. A field that is absent, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: KnownLimits | None = Field(
        default=None, description="All limits for this user alone; those before are gone."
    )


@router.get("", summary="List users, newest first", responses=refusals("database_away"))
async def list_users(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_READ)],
    filters: Annotated[UserFilters, Query()],
) -> UserPage:
    """All filters must match. Erased users are not listed."""
    return await gateway.bus.call(ListUsers(actor=actor, **filters.__dict__))


@router.post(
    "",
    status_code=201,
    summary="Create a user",
    responses=refusals(
        "permission_not_held",
        "unknown_role",
        "weak_password",
        "email_taken",
        "busy",
        "database_away",
    ),
)
async def create_user(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    user: Body[UserRequest],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> UserView:
    """The role may have no permission that you do not have. Without a password, none works yet."""
    command = CreateUser(actor=actor, user_id=new_id(), user=user, idempotency=idempotency_key)
    view = await gateway.bus.call(command, within=PASSWORD_SECONDS)
    is_replay, path = view.id != command.user_id, gateway.path(f"/v1/users/{view.id}")
    mark_created(answer, path, is_replay=is_replay, key=idempotency_key)
    return view


@router.get("/{user_id}", summary="Show a user", responses=refusals("database_away"))
async def get_user(
    gateway: CurrentGateway,
    _: Annotated[Actor, Allowed(Permission.USERS_READ)],
    user_id: UserId,
) -> UserView:
    """An erased user is 404."""
    return await gateway.bus.call(FindUser(user_id=user_id))


@router.patch(
    "/{user_id}",
    summary="Change, block or unblock a user",
    responses=refusals(
        "permission_not_held", "unknown_role", "last_administrator", "database_away"
    ),
)
async def change_user(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    user_id: UserId,
    patch: Body[UserPatch],
) -> UserView:
    """It has effect within seconds: a blocked user's tokens fail and open streams end.

    Permissions that a role takes away are gone at once; those that it adds come with the next
    token. You cannot change a user who has permissions that you do not have, nor take the role of
    the last administrator.
    """
    return await gateway.bus.call(ChangeUser(actor=actor, user_id=user_id, changes=patch))


@router.delete(
    "/{user_id}",
    status_code=204,
    summary="Erase a user",
    responses=refusals("permission_not_held", "last_administrator", "database_away"),
)
async def erase_user(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    user_id: UserId,
) -> None:
    """E-mail address, name, password and sessions go for good, and tokens fail within seconds.

    The id stays in sums of usage and is never used again. Jobs and media stay until they are
    deleted.
    """
    await gateway.bus.call(EraseUser(actor=actor, user_id=user_id))

"""Endpoints of API keys, and the signal that keys were used."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from contracts.access import Actor, Permission
from contracts.auth.keys import (
    ApiKeyPage,
    ApiKeysUsed,
    ApiKeyView,
    CreateApiKey,
    DeleteApiKey,
    ListApiKeys,
    NewApiKey,
)
from contracts.values import new_id
from gateway.http.access import Allowed, AllowedInSession, claims_of_key
from gateway.http.answers import refusals
from gateway.http.api_keys import SHOWN_LETTERS, digest_of, make_key
from gateway.http.bodies import Body
from gateway.http.headers import CallersKey, MaybeOnceKey, mark_created
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])
of_users = APIRouter(prefix="/v1/users/{user_id}/api-keys", tags=["api keys"])

KNOWN_SECONDS = 2.0
"""A new key works here at once if the bucket arrives within this time."""

UserId: TypeAlias = Annotated[UUID, Path(description="Id of the user.")]
KeyId: TypeAlias = Annotated[UUID, Path(description="Id of the API key.")]


class ApiKeyRequest(NewApiKey):
    """An API key to make."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CreatedApiKey(ApiKeyView):
    """A new API key with its secret text, which nobody can show again."""

    secret: str = Field(description="The key, for `Authorization: Bearer`. Keep it now.")


@router.get("", summary="List my API keys", responses=refusals("database_away"))
async def list_api_keys(gateway: CurrentGateway, actor: Annotated[Actor, Allowed()]) -> ApiKeyPage:
    """The list is complete: a user has at most 50 keys, and `next_cursor` is always null."""
    return await gateway.bus.call(ListApiKeys(actor=actor, user_id=actor.user_id))


@router.post(
    "",
    status_code=201,
    summary="Make an API key",
    responses=refusals(
        "scope_not_held", "too_many_keys", "idempotency_key_used", "not_found", "database_away"
    ),
)
async def create_api_key(
    gateway: CurrentGateway,
    actor: Annotated[Actor, AllowedInSession()],
    key: Body[ApiKeyRequest],
    idempotency_key: MaybeOnceKey,
    answer: Response,
) -> CreatedApiKey:
    """A program acts with it for you, as long as you have the permissions that it names.

    It needs no login and does not expire unless you say when. It cannot make other keys.
    """
    made = await create(gateway, actor, actor.user_id, key, idempotency_key)
    mark_created(answer, gateway.path(f"/v1/api-keys/{made.id}"), is_replay=False, key=None)
    return made


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Delete one of my API keys",
    responses=refusals("database_away"),
)
async def delete_api_key(
    gateway: CurrentGateway, actor: Annotated[Actor, AllowedInSession()], key_id: KeyId
) -> None:
    """It works no longer after some seconds, and streams that it opened end."""
    command = DeleteApiKey(actor=actor, user_id=actor.user_id, key_id=key_id)
    await gateway.bus.call(command)


@of_users.get(
    "",
    summary="List the API keys of a user",
    responses=refusals("permission_not_held", "database_away"),
)
async def list_keys_of_user(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    user_id: UserId,
) -> ApiKeyPage:
    """The list is complete: a user has at most 50 keys, and `next_cursor` is always null."""
    return await gateway.bus.call(ListApiKeys(actor=actor, user_id=user_id))


@of_users.post(
    "",
    status_code=201,
    summary="Make an API key for a service account",
    responses=refusals(
        *("scope_not_held", "permission_not_held", "not_a_service", "too_many_keys"),
        *("idempotency_key_used", "database_away"),
    ),
)
async def create_key_of_service(
    gateway: CurrentGateway,
    actor: Annotated[Actor, AllowedInSession(Permission.USERS_WRITE)],
    user_id: UserId,
    key: Body[ApiKeyRequest],
    idempotency_key: MaybeOnceKey,
    answer: Response,
) -> CreatedApiKey:
    """Nobody makes keys for another person, nor keys that may do more than they may themselves."""
    made = await create(gateway, actor, user_id, key, idempotency_key)
    path = gateway.path(f"/v1/users/{user_id}/api-keys/{made.id}")
    mark_created(answer, path, is_replay=False, key=None)
    return made


@of_users.delete(
    "/{key_id}",
    status_code=204,
    summary="Delete an API key of a user",
    responses=refusals("permission_not_held", "database_away"),
)
async def delete_key_of_user(
    gateway: CurrentGateway,
    actor: Annotated[Actor, AllowedInSession(Permission.USERS_WRITE)],
    user_id: UserId,
    key_id: KeyId,
) -> None:
    """It works no longer after some seconds, and streams that it opened end."""
    await gateway.bus.call(DeleteApiKey(actor=actor, user_id=user_id, key_id=key_id))


async def create(
    gateway: Gateway,
    actor: Actor,
    user_id: UUID,
    key: NewApiKey,
    idempotency_key: CallersKey | None,
) -> CreatedApiKey:
    """Make the text of a key here: neither the bus nor auth ever has it."""
    secret = make_key(user_id)
    command = CreateApiKey(
        actor=actor,
        key_id=new_id(),
        user_id=user_id,
        key=key,
        prefix=secret[:SHOWN_LETTERS],
        digest=digest_of(secret),
        idempotency=idempotency_key,
    )
    view = await gateway.bus.call(command)

    def is_known() -> bool:
        principal = gateway.accounts.principal(user_id)
        return principal is not None and claims_of_key(command.digest, principal) is not None

    await gateway.accounts.wait_until(is_known, KNOWN_SECONDS)
    return CreatedApiKey(**view.model_dump(), secret=secret)


async def announce_used_keys(gateway: Gateway) -> None:
    """Tell auth which keys were used, each at most once a minute."""
    if used := gateway.access.key_uses.take():
        await gateway.bus.signal(ApiKeysUsed(key_ids=used))

"""Endpoints of one-time links by which users choose a password: invitations, ways back in."""

import hashlib
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from contracts.access import Actor, Permission
from contracts.auth.links import HOUR, CreateLink, PasswordLinkView, UseLink
from contracts.auth.users import NewPassword, PersonName
from gateway.http.access import Allowed, access_of
from gateway.http.answers import refusals
from gateway.http.bodies import Body, Strict
from gateway.http.headers import MaybeOnceKey, mark_created
from gateway.service import CurrentGateway
from gateway.users.api_keys import UserId
from gateway.users.users import PASSWORD_SECONDS

router = APIRouter(prefix="/v1", tags=["users"])

TOKEN_BYTES = 32


class PasswordLinkRequest(Strict):
    """A one-time link to make."""

    lifetime_seconds: int = Field(
        default=3 * 24 * HOUR,
        ge=60,
        le=30 * 24 * HOUR,
        description="Seconds until the link expires.",
    )


class PasswordLink(PasswordLinkView):
    """A one-time link; its text cannot be shown again."""

    token: str = Field(description="The text of the link. Whoever has it may use it, once.")
    path: str = Field(description="Path to which the user posts the new password.")


class InvitationAnswer(Strict):
    """The password that a user chooses."""

    password: NewPassword = Field(
        repr=False,
        description="At least 10 characters; not the address, and none that many people have.",
    )
    name: PersonName | None = Field(
        default=None, description="Another name for people; null: it stays."
    )


async def link_attempt(request: Request) -> None:
    """Count it with the login attempts of this address."""
    access_of(request).admit_login(request)


@router.post(
    "/users/{user_id}/links",
    status_code=201,
    summary="Make a one-time link for a user's new password",
    responses=refusals(
        "permission_not_held", "not_a_person", "idempotency_key_used", "database_away"
    ),
)
async def create_password_link(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.USERS_WRITE)],
    user_id: UserId,
    link: Body[PasswordLinkRequest],
    idempotency_key: MaybeOnceKey,
    answer: Response,
) -> PasswordLink:
    """An invitation for a new user, or a way back in for one who forgot the password.

    It is shown only now: hand it to the user by a way that you trust. It works once; another link
    for the same user replaces it.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    command = CreateLink(
        actor=actor,
        user_id=user_id,
        digest=digest_of(token),
        lifetime_seconds=link.lifetime_seconds,
        idempotency=idempotency_key,
    )
    view = await gateway.bus.call(command)
    path = gateway.path(f"/v1/auth/invitations/{token}")
    mark_created(answer, gateway.path(f"/v1/users/{user_id}"), is_replay=False, key=None)
    return PasswordLink(**dict(view), token=token, path=path)


@router.post(
    "/auth/invitations/{token}",
    status_code=204,
    summary="Choose a password by a one-time link",
    dependencies=[Depends(link_attempt)],
    responses=refusals("bad_link", "weak_password", "busy", "rate_limited", "database_away"),
)
async def use_password_link(
    gateway: CurrentGateway,
    token: Annotated[str, Path(max_length=100, description="The text of the link.")],
    chosen: Body[InvitationAnswer],
) -> None:
    """Needs no token. Then log in with the password; all sessions before have ended."""
    command = UseLink(digest=digest_of(token), password=chosen.password, name=chosen.name)
    await gateway.bus.call(command, within=PASSWORD_SECONDS)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

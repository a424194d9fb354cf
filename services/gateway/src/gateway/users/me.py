"""Endpoints of the caller's own account: limits and use, name, password, sessions."""

import asyncio
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from contracts.access import Actor
from contracts.auth.me import (
    ListSessions,
    RenameUser,
    ReplacePassword,
    RevokeSession,
    RevokeSessions,
    SessionPage,
)
from contracts.auth.users import FindUser, NewPassword, PersonName, UserView
from contracts.errors import OperationError
from contracts.media.library import FindStorage
from contracts.message import Request
from contracts.scheduler.job_requests import FindWork
from gateway.http.access import AdmitsCaller, AdmittedCaller, Allowed, AllowedInSession
from gateway.http.answers import refusals
from gateway.http.bodies import Body, Strict
from gateway.http.problems import RefusedError
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1/me", tags=["sessions"])

A = TypeVar("A", bound=BaseModel)
PASSWORD_SECONDS = 10.0
USE_SECONDS = 1.0
"""The account is shown without its use if another service takes longer."""

Caller: TypeAlias = Annotated[AdmittedCaller, Depends(AdmitsCaller())]
SessionId: TypeAlias = Annotated[UUID, Path(description="Id of the session.")]


class Use(BaseModel):
    """Use of the limits at this moment; null: that cannot be told now."""

    waiting_job_count: int | None = Field(description="Jobs that wait.")
    running_job_count: int | None = Field(description="Jobs that run or are placed on a node.")
    stored_bytes: int | None = Field(description="Total size of the media, in bytes.")


class Me(UserView):
    """The account of the caller, and how much of its limits it uses."""

    use: Use = Field(description="Use at this moment.")


class MePatch(Strict):
    """Changes to one's own account."""

    name: PersonName = Field(description="The new name.")


class PasswordRequest(Strict):
    """A new password in place of the old one."""

    old_password: str = Field(
        min_length=1, max_length=1_024, repr=False, description="The password until now."
    )
    new_password: NewPassword = Field(
        repr=False,
        description="At least 10 characters; not the address, and none that many people have.",
    )


@router.get(
    "",
    summary="Show the account of the caller, its permissions, limits and use",
    responses=refusals("not_found", "database_away"),
)
async def get_me(gateway: CurrentGateway, actor: Annotated[Actor, Allowed()]) -> Me:
    """Needs a token, but no permission."""
    user, work, storage = await asyncio.gather(
        gateway.bus.call(FindUser(user_id=actor.user_id)),
        known(gateway, FindWork(actor=actor)),
        known(gateway, FindStorage(actor=actor)),
    )
    use = Use(
        waiting_job_count=work.waiting_job_count if work else None,
        running_job_count=work.running_job_count if work else None,
        stored_bytes=storage.stored_bytes if storage else None,
    )
    return Me(**dict(user), use=use)


async def known(gateway: Gateway, query: Request[A]) -> A | None:
    try:
        return await gateway.bus.call(query, within=USE_SECONDS)
    except OperationError:
        return None


@router.patch(
    "",
    summary="Change one's own name",
    responses=refusals("session_needed", "not_found", "database_away"),
)
async def rename_me(
    gateway: CurrentGateway, actor: Annotated[Actor, AllowedInSession()], patch: Body[MePatch]
) -> UserView:
    """Role, limits and address are for administrators to change."""
    return await gateway.bus.call(RenameUser(actor=actor, name=patch.name))


@router.post(
    "/password",
    status_code=204,
    summary="Replace one's own password",
    responses=refusals(
        "session_needed",
        "wrong_password",
        "weak_password",
        "too_many_attempts",
        "not_found",
        "busy",
        "database_away",
    ),
)
async def replace_password(
    gateway: CurrentGateway, caller: Caller, passwords: Body[PasswordRequest]
) -> None:
    """All other sessions end, with their access tokens; this one goes on."""
    command = ReplacePassword(
        actor=caller.actor,
        session_id=session_of(caller),
        old_password=passwords.old_password,
        new_password=passwords.new_password,
    )
    await gateway.bus.call(command, within=PASSWORD_SECONDS)


@router.get(
    "/sessions",
    summary="List one's own sessions, newest first",
    responses=refusals("database_away"),
)
async def list_sessions(gateway: CurrentGateway, caller: Caller) -> SessionPage:
    """The list is complete: `next_cursor` is always null."""
    query = ListSessions(actor=caller.actor, session_id=caller.claims.session_id)
    return await gateway.bus.call(query)


@router.post(
    "/sessions/end",
    status_code=204,
    summary="Log out everywhere",
    responses=refusals("session_needed", "database_away"),
)
async def end_my_sessions(gateway: CurrentGateway, caller: Caller) -> None:
    """All sessions end, this one too, with their access tokens and streams."""
    session_of(caller)
    await gateway.bus.call(RevokeSessions(actor=caller.actor))


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End one of one's own sessions",
    responses=refusals("session_needed", "database_away"),
)
async def end_my_session(gateway: CurrentGateway, caller: Caller, session_id: SessionId) -> None:
    """Its access tokens fail within seconds. A session that is over is no error."""
    session_of(caller)
    await gateway.bus.call(RevokeSession(actor=caller.actor, session_id=session_id))


def session_of(caller: AdmittedCaller) -> UUID:
    """Return the session of the caller. Raises RefusedError for a token that belongs to none."""
    if caller.claims.session_id is None:
        raise RefusedError(403, "session_needed", "log in with a password: this needs a session")
    return caller.claims.session_id

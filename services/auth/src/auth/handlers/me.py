"""Users about themselves: name, password, sessions."""

from dataclasses import replace

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import TooManyAttemptsError, UserNotFoundError, WrongPasswordError
from auth.domain.password_policy import refuse_weak, words_of
from auth.domain.sessions import view_of
from auth.domain.users import User
from auth.ports import Work
from auth.service import Auth
from contracts.access import Actor, IdempotencyKey
from contracts.auth.me import (
    ListSessions,
    RenameUser,
    ReplacePassword,
    RevokeSession,
    RevokeSessions,
    SessionPage,
)
from contracts.auth.users import UserView
from contracts.errors import UnavailableError
from contracts.message import Accepted

REPLACE = "replace_password"
"""The operation to which the ids of requests for another password belong."""


async def rename_user(auth: Auth, command: RenameUser) -> UserView:
    actor_id = command.actor.user_id
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await existing(work, command.actor)
        renamed = replace(user, name=command.name)
        if renamed != user:
            await work.save_user(renamed)
            entry = AuditEntry(AuditFact.USER_RENAMED, actor_id, actor_id=actor_id)
            await work.add_entry(entry, auth.clock())
    return renamed.view()


async def replace_password(auth: Auth, command: ReplacePassword) -> Accepted:
    """Check the old password as a login does, then replace it and end all other sessions."""
    async with auth.unit_of_work() as work:
        user = await existing(work, command.actor)
        if await is_repeat(work, command):
            return Accepted()
    await check_old_password(auth, user, command.old_password)
    await refuse_weak_password(auth, user.email, user.name, command.new_password, "new_password")
    password_hash = await auth.passwords.hash(command.new_password)
    async with auth.unit_of_work() as work:
        await work.lock()
        if await is_repeat(work, command):  # the first one was slow, and has committed meanwhile
            return Accepted()
        now, newest = auth.clock(), await existing(work, command.actor)
        if newest.password_hash != user.password_hash:
            raise WrongPasswordError
        await work.save_user(replace(newest, password_hash=password_hash))
        found = await work.sessions_of(user.id)
        others = [session for session in found if session.id != command.session_id]
        await work.end_sessions(others, now)
        await work.remember(user.id, REPLACE, request_key(command), ("", now))
        entry = AuditEntry(AuditFact.PASSWORD_REPLACED, user.id, "by the user", user.id)
        await work.add_entry(entry, now)
    return Accepted()


async def is_repeat(work: Work, command: ReplacePassword) -> bool:
    """Return whether this request replaced the password: the bus repeats what is slow."""
    known = await work.made_by(command.actor.user_id, REPLACE, request_key(command))
    return known is not None


def request_key(command: ReplacePassword) -> IdempotencyKey:
    return IdempotencyKey(key=str(command.request_id), body_digest="")


async def check_old_password(auth: Auth, user: User, password: str) -> None:
    """Raise Forbidden for a wrong password; guesses are throttled together with logins."""
    if retry_in := auth.throttle.charge(user.email, auth.monotonic()):
        raise TooManyAttemptsError(retry_in=retry_in)
    try:
        is_right = await auth.passwords.matches(password, user.password_hash)
    except UnavailableError:  # our failure is not the caller's attempt
        auth.throttle.refund(user.email)
        raise
    if not is_right:
        raise WrongPasswordError
    auth.throttle.clear(user.email)


async def refuse_weak_password(
    auth: Auth, email: str, name: str, password: str, field: str
) -> None:
    guesses = await auth.guesses.count(password, list(words_of(email, name)))
    refuse_weak(password, email, name, guesses, field)


async def list_sessions(auth: Auth, query: ListSessions) -> SessionPage:
    """List all open sessions; they are few enough for one page."""
    async with auth.unit_of_work() as work:
        found = await work.sessions_of(query.actor.user_id)
    now = auth.clock()
    items = [view_of(one, query.session_id) for one in found if one.expires_at > now]
    return SessionPage(items=items)


async def revoke_session(auth: Auth, command: RevokeSession) -> Accepted:
    """End one of the actor's sessions; another's is as if it did not exist."""
    user_id = command.actor.user_id
    async with auth.unit_of_work() as work:
        await work.lock()
        found = await work.sessions_of(user_id)
        wanted = [session for session in found if session.id == command.session_id]
        if wanted:
            await work.end_sessions(wanted, auth.clock())
            entry = AuditEntry(AuditFact.LOGGED_OUT, user_id, actor_id=user_id)
            await work.add_entry(entry, auth.clock())
    return Accepted()


async def revoke_sessions(auth: Auth, command: RevokeSessions) -> Accepted:
    user_id = command.actor.user_id
    async with auth.unit_of_work() as work:
        await work.lock()
        await work.end_sessions(await work.sessions_of(user_id), auth.clock())
        entry = AuditEntry(AuditFact.SESSIONS_ENDED, user_id, actor_id=user_id)
        await work.add_entry(entry, auth.clock())
    return Accepted()


async def existing(work: Work, actor: Actor) -> User:
    user = await work.user(actor.user_id)
    if user is None:
        raise UserNotFoundError
    return user

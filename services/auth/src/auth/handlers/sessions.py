"""Login, refresh and logout."""

import secrets
from datetime import datetime
from uuid import UUID

from auth.domain import tokens
from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import (
    BadCredentialsError,
    BadRefreshTokenError,
    BlockedError,
    TooManyAttemptsError,
)
from auth.domain.sessions import Session, TokenUse, rotated, token_use
from auth.domain.users import User, account_name
from auth.ports import Work
from auth.service import Auth
from contracts.auth import EndSession, IssueToken, RefreshToken, TokenView
from contracts.errors import UnavailableError
from contracts.message import Accepted
from contracts.values import new_id


async def issue_token(auth: Auth, command: IssueToken) -> TokenView:
    """Log in: check the password and begin a session."""
    account = account_name(command.username)
    if retry_in := auth.throttle.charge(account, auth.monotonic()):
        raise TooManyAttemptsError(retry_in=retry_in)
    try:
        user = await authenticate(auth, command)
        view = await begin_session(auth, user)
    except UnavailableError:  # our failure is not the caller's attempt
        auth.throttle.refund(account)
        raise
    auth.throttle.clear(account)
    return view


async def authenticate(auth: Auth, command: IssueToken) -> User:
    """Return the user with this password; a refusal goes into the audit log."""
    async with auth.unit_of_work() as work:
        user = await work.user_by_email(account_name(command.username))
    matches = await auth.passwords.matches(command.password, user.password_hash if user else None)
    if user and matches and not user.is_blocked:
        return user
    error = BlockedError() if matches else BadCredentialsError()
    async with auth.unit_of_work() as work:
        entry = AuditEntry(AuditFact.LOGIN_REFUSED, user.id if user else None, error.code)
        await work.add_entry(entry, auth.clock())
    raise error


async def begin_session(auth: Auth, checked: User) -> TokenView:
    """Begin a session, unless the password was replaced while it was being checked."""
    now, session_id = auth.clock(), new_id()
    token = tokens.refresh_token(session_id, secrets.token_bytes(32))
    async with auth.unit_of_work() as work:
        user = await work.user(checked.id)
        if user is None or user.password_hash != checked.password_hash:
            raise BadCredentialsError
        expires_at = now + auth.refresh_lifetime
        await work.save_session(Session(session_id, user.id, now, expires_at, tokens.digest(token)))
        await work.add_entry(AuditEntry(AuditFact.LOGGED_IN, user.id), now)
    return token_pair(auth, user, token, now)


def token_pair(auth: Auth, user: User, refresh_token: str, now: datetime) -> TokenView:
    return TokenView(
        user_id=user.id,
        access_token=auth.keyring.sign(tokens.access_claims(user, new_id(), now)),
        refresh_token=refresh_token,
        expires_in=tokens.ACCESS_SECONDS,
        refresh_expires_in=int(auth.refresh_lifetime.total_seconds()),
    )


async def refresh_token(auth: Auth, command: RefreshToken) -> TokenView:
    """Exchange a refresh token for a new pair; one used twice ends its session."""
    session_id = tokens.session_of(command.refresh_token)
    if session_id is None:
        raise BadRefreshTokenError
    async with auth.unit_of_work() as work:
        view = await exchange(auth, work, session_id, command)
    if view is None:  # raised after the commit, so that the deletion of the session lasts
        raise BadRefreshTokenError
    return view


async def exchange(
    auth: Auth, work: Work, session_id: UUID, command: RefreshToken
) -> TokenView | None:
    now, presented = auth.clock(), tokens.digest(command.refresh_token)
    session = await work.session(session_id)
    user = await work.user(session.user_id) if session else None
    if session is None or user is None or user.is_blocked:
        return None
    use = token_use(session, presented, command.request_id, now)
    if use is TokenUse.EXPIRED:
        return None
    if use is TokenUse.REUSE:
        await work.delete_session(session.id)
        await work.add_entry(AuditEntry(AuditFact.TOKEN_REUSED, user.id), now)
        return None
    token = tokens.successor(
        command.refresh_token, session.id, command.request_id, auth.successor_key
    )
    if use is TokenUse.FIRST:
        digest, lifetime = tokens.digest(token), auth.refresh_lifetime
        await work.save_session(rotated(session, digest, command.request_id, now, lifetime))
    return token_pair(auth, user, token, now)


async def end_session(auth: Auth, command: EndSession) -> Accepted:
    """Log out. Any token of the session may end it, also a used one."""
    session_id = tokens.session_of(command.refresh_token)
    if session_id is None:
        return Accepted()
    async with auth.unit_of_work() as work:
        if session := await work.session(session_id):
            await work.delete_session(session.id)
            await work.add_entry(AuditEntry(AuditFact.LOGGED_OUT, session.user_id), auth.clock())
    return Accepted()

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
from contracts.auth.sessions import EndSession, IssueToken, RefreshToken, TokenView
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
    random = secrets.token_bytes(tokens.HALF_BYTES)
    token = tokens.refresh_token(session_id, random, auth.successor_key)
    async with auth.unit_of_work() as work:
        user = await work.user(checked.id)
        if user is None or user.password_hash != checked.password_hash:
            raise BadCredentialsError
        expires_at = now + auth.refresh_lifetime
        await work.save_session(Session(session_id, user.id, now, expires_at, tokens.digest(token)))
        await work.add_entry(AuditEntry(AuditFact.LOGGED_IN, user.id, actor_id=user.id), now)
    return token_pair(auth, user, session_id, token, now)


def token_pair(
    auth: Auth, user: User, session_id: UUID, refresh_token: str, now: datetime
) -> TokenView:
    claims = tokens.access_claims(user, session_id, new_id(), now)
    return TokenView(
        user_id=user.id,
        access_token=auth.keyring.sign(claims),
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
        session = await work.session(session_id)
        user = await work.user(session.user_id) if session else None
        if session is None or user is None or user.is_blocked:
            raise BadRefreshTokenError
        use = use_of(auth, session, command.refresh_token, command.request_id)
        if use in (TokenUse.FIRST, TokenUse.REPEAT):
            return await exchange(auth, work, user, session, command, use)
    if use is TokenUse.REUSE:  # in a transaction of its own, so that it lasts
        await end(auth, session_id, AuditFact.TOKEN_REUSED)
    raise BadRefreshTokenError


def use_of(auth: Auth, session: Session, token: str, request_id: UUID) -> TokenUse:
    is_genuine = tokens.is_genuine(token, auth.successor_key)
    return token_use(session, tokens.digest(token), request_id, auth.clock(), is_genuine=is_genuine)


async def exchange(
    auth: Auth, work: Work, user: User, session: Session, command: RefreshToken, use: TokenUse
) -> TokenView:
    now, request_id = auth.clock(), command.request_id
    if use is TokenUse.REPEAT:  # the successor that the first request got
        request_id = session.used_by or request_id
    token = tokens.successor(command.refresh_token, session.id, request_id, auth.successor_key)
    if use is TokenUse.FIRST:
        lifetime = auth.refresh_lifetime
        await work.save_session(rotated(session, tokens.digest(token), request_id, now, lifetime))
    return token_pair(auth, user, session.id, token, now)


async def end_session(auth: Auth, command: EndSession) -> Accepted:
    """Log out. Any token of the session may end it, also a used one; one made up does nothing."""
    session_id = tokens.session_of(command.refresh_token)
    if session_id is None:
        return Accepted()
    async with auth.unit_of_work() as work:
        session = await work.session(session_id)
    if session and use_of(auth, session, command.refresh_token, new_id()) is not TokenUse.MADE_UP:
        await end(auth, session_id, AuditFact.LOGGED_OUT)
    return Accepted()


async def end(auth: Auth, session_id: UUID, fact: AuditFact) -> None:
    """End a session: gateways refuse its access tokens from now on."""
    async with auth.unit_of_work() as work:
        await work.lock()  # before the row, as wherever both are locked
        if session := await work.session(session_id):
            await work.end_session(session, auth.clock())
            await work.add_entry(AuditEntry(fact, session.user_id), auth.clock())

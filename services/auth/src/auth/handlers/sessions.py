"""Login, refresh, logout."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from auth.domain import tokens
from auth.domain.audit import Entry, Fact
from auth.domain.refusals import (
    BadCredentialsError,
    BadRefreshTokenError,
    BlockedError,
    TooManyAttemptsError,
)
from auth.domain.sessions import Session, Verdict, judge, rotated
from auth.domain.throttle import Throttle
from auth.domain.users import User, account_name
from auth.ports import Clock, Keyring, Passwords, Stopwatch, UnitOfWork, Work
from contracts.auth import Ended, EndSession, IssueToken, RefreshToken, TokenView
from contracts.errors import UnavailableError
from contracts.values import new_id


@dataclass(frozen=True, slots=True)
class Issuer:
    """Makes pairs of tokens."""

    keyring: Keyring
    clock: Clock
    lifetime: timedelta
    """How long a refresh token is good for."""
    successor_key: bytes = field(repr=False)

    def pair(self, user: User, refresh_token: str, now: datetime) -> TokenView:
        return TokenView(
            user_id=user.id,
            access_token=self.keyring.sign(tokens.access_claims(user, new_id(), now)),
            refresh_token=refresh_token,
            expires_in=tokens.ACCESS_SECONDS,
            refresh_expires_in=int(self.lifetime.total_seconds()),
        )


async def issue_token(
    unit_of_work: UnitOfWork,
    passwords: Passwords,
    issuer: Issuer,
    throttle: Throttle,
    stopwatch: Stopwatch,
    command: IssueToken,
) -> TokenView:
    """Log in: check the password and begin a session."""
    account = account_name(command.username)
    if retry_in := throttle.charge(account, stopwatch()):
        raise TooManyAttemptsError(retry_in)
    try:
        user = await authenticate(unit_of_work, passwords, issuer.clock, command)
        view = await begin_session(unit_of_work, issuer, user)
    except UnavailableError:  # our failure is not the caller's attempt
        throttle.refund(account)
        raise
    throttle.clear(account)
    return view


async def authenticate(
    unit_of_work: UnitOfWork, passwords: Passwords, clock: Clock, command: IssueToken
) -> User:
    """The user whose password this is; whoever is not let in is remembered."""
    async with unit_of_work() as work:
        user = await work.user_by_email(account_name(command.username))
    matches = await passwords.matches(command.password, user.password_hash if user else None)
    if user and matches and not user.is_blocked:
        return user
    error = BlockedError() if matches else BadCredentialsError()
    async with unit_of_work() as work:
        entry = Entry(Fact.LOGIN_REFUSED, user.id if user else None, error.code)
        await work.record(entry, clock())
    raise error


async def begin_session(unit_of_work: UnitOfWork, issuer: Issuer, checked: User) -> TokenView:
    """Begin one, unless the password was replaced while it was being checked."""
    now, session_id = issuer.clock(), new_id()
    token = tokens.refresh_token(session_id, secrets.token_bytes(32))
    async with unit_of_work() as work:
        user = await work.user(checked.id)
        if user is None or user.password_hash != checked.password_hash:
            raise BadCredentialsError
        expires_at = now + issuer.lifetime
        await work.save_session(Session(session_id, user.id, now, expires_at, tokens.digest(token)))
        await work.record(Entry(Fact.LOGGED_IN, user.id), now)
    return issuer.pair(user, token, now)


async def refresh_token(
    unit_of_work: UnitOfWork, issuer: Issuer, command: RefreshToken
) -> TokenView:
    """Exchange a refresh token for a new pair; one used twice ends its session."""
    session_id = tokens.session_of(command.refresh_token)
    if session_id is None:
        raise BadRefreshTokenError
    async with unit_of_work() as work:
        view = await exchange(work, issuer, session_id, command)
    if view is None:  # raised after the commit: the end of the session must last
        raise BadRefreshTokenError
    return view


async def exchange(
    work: Work, issuer: Issuer, session_id: UUID, command: RefreshToken
) -> TokenView | None:
    now, presented = issuer.clock(), tokens.digest(command.refresh_token)
    session = await work.session(session_id)
    user = await work.user(session.user_id) if session else None
    if session is None or user is None or user.is_blocked:
        return None
    verdict = judge(session, presented, command.request_id, now)
    if verdict is Verdict.REFUSE:
        return None
    if verdict is Verdict.REUSED:
        await work.drop_session(session.id)
        await work.record(Entry(Fact.TOKEN_REUSED, user.id), now)
        return None
    token = tokens.successor(
        command.refresh_token, session.id, command.request_id, issuer.successor_key
    )
    if verdict is Verdict.ROTATE:
        await work.save_session(
            rotated(session, tokens.digest(token), command.request_id, now, issuer.lifetime)
        )
    return issuer.pair(user, token, now)


async def end_session(unit_of_work: UnitOfWork, clock: Clock, command: EndSession) -> Ended:
    """Log out. Any token of the session may end it, also a used one."""
    session_id = tokens.session_of(command.refresh_token)
    if session_id is None:
        return Ended()
    async with unit_of_work() as work:
        if session := await work.session(session_id):
            await work.drop_session(session.id)
            await work.record(Entry(Fact.LOGGED_OUT, session.user_id), clock())
    return Ended()

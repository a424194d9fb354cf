from dataclasses import replace

import pytest

from auth.domain.audit import AuditFact
from auth.domain.errors import (
    BadCredentialsError,
    BadRefreshTokenError,
    BlockedError,
    TooManyAttemptsError,
)
from auth.domain.sessions import GRACE
from auth.domain.throttle import FREE_ATTEMPTS
from auth.handlers.sessions import end_session, issue_token, refresh_token
from contracts.auth.sessions import EndSession, IssueToken, RefreshToken, TokenView
from contracts.errors import UnavailableError

from .fakes import FakeAuth, FakePasswords, a_user


class Client(FakeAuth):
    """A person who logs in and refreshes."""

    async def log_in(self, username: str = "ada@example.com", typed: str = "correct") -> TokenView:
        return await issue_token(self.service, IssueToken(username=username, password=typed))

    async def refresh(self, command: RefreshToken | str) -> TokenView:
        if isinstance(command, str):
            command = RefreshToken(refresh_token=command)
        return await refresh_token(self.service, command)


async def test_a_right_password_gives_tokens_with_the_permissions_of_the_role() -> None:
    user = a_user()
    auth = Client(user)

    view = await auth.log_in(username="  Ada@Example.com ")

    [claims] = auth.keyring.signed
    assert view.user_id == user.id
    assert claims["sub"] == str(user.id)
    seen, done = ["jobs:read", "media:read", "workflows:read"], ["jobs:run", "media:write"]
    assert claims["permissions"] == sorted(seen + done)
    assert claims["exp"] - claims["iat"] == view.expires_in == 600
    assert auth.work.facts == [AuditFact.LOGGED_IN]


@pytest.mark.parametrize("username", ["ada@example.com", "nobody@example.com", "\x00"])
async def test_wrong_password_and_unknown_user_look_and_cost_the_same(username: str) -> None:
    auth = Client(a_user())

    with pytest.raises(BadCredentialsError):
        await auth.log_in(username=username, typed="wrong")

    assert auth.passwords.checks == 1
    assert auth.work.facts == [AuditFact.LOGIN_REFUSED]


async def test_a_blocked_user_learns_it_only_with_the_right_password() -> None:
    auth = Client(a_user(is_blocked=True))

    with pytest.raises(BadCredentialsError):
        await auth.log_in(typed="wrong")
    with pytest.raises(BlockedError):
        await auth.log_in()


async def test_guessing_is_slowed_down_even_for_the_right_password() -> None:
    auth = Client(a_user())
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(BadCredentialsError):
            await auth.log_in(typed="wrong")

    with pytest.raises(TooManyAttemptsError) as refused:
        await auth.log_in()

    assert refused.value.retry_in == 1.0
    auth.clock.advance(seconds=1)
    await auth.log_in()


async def test_an_outage_of_ours_costs_no_attempt() -> None:
    auth = Client(a_user())

    auth.passwords.is_busy = True
    for _ in range(FREE_ATTEMPTS + 1):
        with pytest.raises(UnavailableError, match="busy"):
            await auth.log_in()

    auth.passwords.is_busy = False
    await auth.log_in()


async def test_a_password_replaced_during_the_check_begins_no_session() -> None:
    user = a_user()
    auth = Client(user)

    class ReplacedMeanwhile(FakePasswords):
        async def matches(self, password: str, password_hash: str | None) -> bool:
            auth.work.users[user.id] = replace(user, password_hash="another")
            return await super().matches(password, password_hash)

    auth.service = replace(auth.service, passwords=ReplacedMeanwhile())

    with pytest.raises(BadCredentialsError):
        await auth.log_in()
    assert not auth.work.sessions


async def test_a_refresh_token_is_good_for_one_exchange() -> None:
    auth = Client(a_user())
    first = await auth.log_in()

    second = await auth.refresh(first.refresh_token)
    third = await auth.refresh(second.refresh_token)

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


async def test_a_token_used_twice_ends_the_session_for_everybody() -> None:
    auth = Client(a_user())
    stolen = (await auth.log_in()).refresh_token
    newest = await auth.refresh(stolen)
    auth.clock.advance(seconds=GRACE.total_seconds())

    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(stolen)
    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(newest.refresh_token)

    assert auth.work.facts == [AuditFact.LOGGED_IN, AuditFact.TOKEN_REUSED]


async def test_other_sessions_of_the_user_survive_a_reuse() -> None:
    auth = Client(a_user())
    stolen, other = (await auth.log_in()).refresh_token, await auth.log_in()
    await auth.refresh(stolen)
    auth.clock.advance(seconds=GRACE.total_seconds())

    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(stolen)

    await auth.refresh(other.refresh_token)


async def test_a_request_that_the_bus_repeats_gets_the_same_successor() -> None:
    auth = Client(a_user())
    command = RefreshToken(refresh_token=(await auth.log_in()).refresh_token)

    first, second = await auth.refresh(command), await auth.refresh(command)

    assert first.refresh_token == second.refresh_token
    await auth.refresh(second.refresh_token)


async def test_two_tabs_that_refresh_at_one_moment_both_stay_logged_in() -> None:
    auth = Client(a_user())
    shared = (await auth.log_in()).refresh_token

    first, second = await auth.refresh(shared), await auth.refresh(shared)

    assert first.refresh_token == second.refresh_token
    await auth.refresh(second.refresh_token)


async def test_a_token_that_was_made_up_ends_nobodys_session() -> None:
    auth = Client(a_user())
    view = await auth.log_in()
    session, _, secret = view.refresh_token.partition(".")

    for made_up in (f"{session}.garbage", f"{session}.", f"{session}.{secret[::-1]}"):
        with pytest.raises(BadRefreshTokenError):
            await auth.refresh(made_up)
        await end_session(auth.service, EndSession(refresh_token=made_up))

    await auth.refresh(view.refresh_token)
    assert auth.work.facts == [AuditFact.LOGGED_IN]


async def test_an_old_token_of_the_session_can_log_out() -> None:
    auth = Client(a_user())
    oldest = (await auth.log_in()).refresh_token
    newest = await auth.refresh((await auth.refresh(oldest)).refresh_token)

    await end_session(auth.service, EndSession(refresh_token=oldest))

    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(newest.refresh_token)


async def test_a_session_left_alone_expires() -> None:
    auth = Client(a_user())
    view = await auth.log_in()

    auth.clock.advance(days=30)

    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(view.refresh_token)


async def test_a_blocked_user_gets_no_new_tokens() -> None:
    user = a_user()
    auth = Client(user)
    view = await auth.log_in()
    await auth.work.save_user(replace(user, is_blocked=True))

    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(view.refresh_token)


@pytest.mark.parametrize("token", ["", ".", "x" * 512, "AAAAAAAAAAAAAAAAAAAAAA.x", "é.ü"])
async def test_a_token_that_was_never_ours_is_refused(token: str) -> None:
    with pytest.raises(BadRefreshTokenError):
        await Client(a_user()).refresh(token)


async def test_after_logout_the_session_is_over_and_logout_may_be_repeated() -> None:
    auth = Client(a_user())
    view = await auth.log_in()
    command = EndSession(refresh_token=view.refresh_token)

    await end_session(auth.service, command)
    await end_session(auth.service, command)
    await end_session(auth.service, EndSession(refresh_token="nonsense"))

    with pytest.raises(BadRefreshTokenError):
        await auth.refresh(view.refresh_token)
    assert auth.work.facts == [AuditFact.LOGGED_IN, AuditFact.LOGGED_OUT]

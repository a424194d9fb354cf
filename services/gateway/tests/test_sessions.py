"""Logging in, staying in, leaving."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import Limits
from contracts.auth.sessions import EndSession, IssueToken, RefreshToken, TokenView
from contracts.auth.users import FindUser, UserView
from contracts.errors import ForbiddenError, UnavailableError
from contracts.message import Accepted
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet


class FakeAccounts:
    def __init__(self) -> None:
        self.refresh_token = "first"
        self.ended: list[str] = []

    async def serve(self, fleet: Fleet) -> None:
        await fleet.auth.serve(IssueToken, self.issue)
        await fleet.auth.serve(RefreshToken, self.refresh)
        await fleet.auth.serve(EndSession, self.end)
        await fleet.auth.serve(FindUser, self.find)

    async def issue(self, request: IssueToken) -> TokenView:
        if request.password == "again":
            raise UnavailableError("wait", code="too_many_attempts", retry_in=7.2)
        if request.password != "good":
            raise ForbiddenError("wrong", code="bad_credentials")
        return self.tokens()

    async def refresh(self, request: RefreshToken) -> TokenView:
        if request.refresh_token != self.refresh_token:
            raise ForbiddenError("used", code="bad_refresh_token")
        self.refresh_token += "+"
        return self.tokens()

    async def end(self, request: EndSession) -> Accepted:
        self.ended.append(request.refresh_token)
        return Accepted()

    async def find(self, request: FindUser) -> UserView:
        return await self.find_view(request.user_id)

    async def find_view(self, user_id: UUID) -> UserView:
        return UserView(
            id=user_id,
            email="a@example.com",
            name="A",
            role="user",
            permissions=[],
            limits=Limits(),
        )

    def tokens(self) -> TokenView:
        return TokenView(
            user_id=uuid4(),
            access_token="a",
            refresh_token=self.refresh_token,
            expires_in=900,
            refresh_expires_in=9_000,
        )


async def test_a_password_becomes_tokens_and_a_cookie_that_scripts_cannot_read(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        await FakeAccounts().serve(fleet)
        form = {"username": "a@example.com", "password": "good", "scope": "ignored"}
        page = {"Origin": fleet.url}
        answer = await fleet.client.post("/v1/auth/token", data=form, headers=page)

        assert answer.status_code == 200
        assert answer.json()["token_type"] == "bearer"
        assert answer.headers["cache-control"] == "no-store"
        cookie = answer.headers["set-cookie"].lower()
        for part in ("httponly", "samesite=strict", "path=/v1/auth;", "max-age=9000"):
            assert part in cookie


async def test_a_wrong_password_is_401_and_too_many_are_429(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeAccounts().serve(fleet)
        wrong = await fleet.client.post("/v1/auth/token", data={"username": "a", "password": "b"})
        often = await fleet.client.post(
            "/v1/auth/token", data={"username": "a", "password": "again"}
        )

        assert wrong.status_code == 401
        assert wrong.json()["type"] == "urn:comfyfleet:problem:bad_credentials"
        assert (often.status_code, often.headers["retry-after"]) == (429, "8")


async def test_an_address_that_tries_too_often_is_stopped_at_the_door(nats: NatsServer) -> None:
    async with a_fleet(nats, logins_per_minute=1) as fleet:
        await FakeAccounts().serve(fleet)
        form = {"username": "a", "password": "b"}
        answers = [await fleet.client.post("/v1/auth/token", data=form) for _ in range(11)]

        assert [answer.status_code for answer in answers] == [401] * 10 + [429]


async def test_the_cookie_refreshes_for_our_own_pages_only(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeAccounts().serve(fleet)
        cookie = {"Cookie": "comfyfleet_refresh=first"}
        path = "/v1/auth/refresh"
        foreign = await fleet.client.post(
            path, headers={**cookie, "Origin": "https://evil.example"}
        )
        nameless = await fleet.client.post(path, headers=cookie)
        own = await fleet.client.post(path, headers={**cookie, "Origin": fleet.url})
        nothing = await fleet.client.post(path, headers={"Cookie": ""})

        assert (foreign.status_code, nameless.status_code) == (403, 403)
        assert own.json()["refresh_token"] is None
        assert "comfyfleet_refresh=first+;" in own.headers["set-cookie"]
        assert nothing.status_code == 401


async def test_a_program_refreshes_with_a_body_and_logs_out(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        accounts = FakeAccounts()
        await accounts.serve(fleet)
        body = {"refresh_token": "first"}
        good = await fleet.client.post("/v1/auth/refresh", json=body)
        used = await fleet.client.post("/v1/auth/refresh", json=body)
        out = await fleet.client.post("/v1/auth/logout", json={"refresh_token": "first+"})

        assert (good.status_code, used.status_code, out.status_code) == (200, 401, 204)
        assert accounts.ended == ["first+"]


async def test_the_cookie_logs_out(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        accounts = FakeAccounts()
        await accounts.serve(fleet)
        form = {"username": "a@example.com", "password": "good"}
        page = {"Origin": fleet.url}
        await fleet.client.post("/v1/auth/token", data=form, headers=page)

        out = await fleet.client.post("/v1/auth/logout", headers=page)

        assert out.status_code == 204
        assert accounts.ended == ["first"]
        assert not fleet.client.cookies


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_a_foreign_page_can_neither_set_nor_delete_the_cookie(
    nats: NatsServer, origin: dict[str, str]
) -> None:
    sent: dict[str, Any]
    async with a_fleet(nats) as fleet:
        await FakeAccounts().serve(fleet)
        form = {"username": "thief@example.com", "password": "good"}
        for path, sent in (
            ("/v1/auth/token", {"data": form}),
            ("/v1/auth/refresh", {"json": {"refresh_token": "first"}}),
            ("/v1/auth/logout", {}),
        ):
            answer = await fleet.client.post(path, headers=origin, **sent)

            assert answer.is_success
            assert "set-cookie" not in answer.headers


async def test_a_token_ends_with_its_session(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeAccounts().serve(fleet)
        session = uuid4()
        ended, other = fleet.headers(sid=str(session)), fleet.headers(sid=str(uuid4()))
        assert (await fleet.client.get("/v1/me", headers=ended)).status_code == 200

        await fleet.has_user(fleet.user_id, ended_sessions=[session])

        async def is_refused() -> bool:
            return (await fleet.client.get("/v1/me", headers=ended)).status_code == 401

        await eventually(is_refused)
        assert (await fleet.client.get("/v1/me", headers=other)).status_code == 200


async def test_a_role_that_lost_a_permission_takes_it_from_tokens_at_once(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        assert (await fleet.client.get("/v1/workflows")).status_code == 200

        await fleet.has_user(fleet.user_id, permissions=["jobs:run", "of a later release"])

        async def is_refused() -> bool:
            return (await fleet.client.get("/v1/workflows")).status_code == 403

        await eventually(is_refused)
        assert (await fleet.client.get("/v1/jobs")).status_code == 200

"""Users over HTTP: what reaches auth, and what callers get."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import LimitOverrides, Limits
from contracts.auth.users import (
    ChangeUser,
    CreateUser,
    EraseUser,
    FindUser,
    ListUsers,
    UserPage,
    UserView,
)
from contracts.errors import ConflictError, ForbiddenError, NotFoundError
from contracts.message import Accepted
from contracts.services import PRINCIPALS
from runtime.outbox.messages import delete
from runtime.outbox.relay import publish
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .sse import following

BODY: dict[str, Any] = {"email": "ada@example.com", "name": "Ada"}


class FakeUsers:
    """Keeps users in memory."""

    def __init__(self) -> None:
        self.known: dict[UUID, UserView] = {}
        self.created: list[CreateUser] = []
        self.listed: list[ListUsers] = []

    async def serve(self, fleet: Fleet) -> None:
        await fleet.auth.serve(CreateUser, self.create)
        await fleet.auth.serve(ListUsers, self.list)
        await fleet.auth.serve(FindUser, self.find)
        await fleet.auth.serve(ChangeUser, self.change)
        await fleet.auth.serve(EraseUser, self.erase)

    async def create(self, command: CreateUser) -> UserView:
        self.created.append(command)
        made = [one for one in self.created if one.idempotency == command.idempotency]
        if command.idempotency and made[0] is not command:
            return self.known[made[0].user_id]
        if command.user.email == "taken@example.com":
            raise ConflictError("taken", code="email_taken")
        if command.user.role == "admin":
            raise ForbiddenError("more than you have", code="permission_not_held")
        view = UserView(
            id=command.user_id,
            email=command.user.email,
            name=command.user.name,
            role=command.user.role,
            permissions=[],
            limits=Limits(),
            own_limits=command.user.limits,
        )
        self.known[view.id] = view
        return view

    async def list(self, query: ListUsers) -> UserPage:
        self.listed.append(query)
        return UserPage(items=list(self.known.values()))

    async def find(self, query: FindUser) -> UserView:
        if query.user_id not in self.known:
            raise NotFoundError("there is no such user")
        return self.known[query.user_id]

    async def change(self, command: ChangeUser) -> UserView:
        if command.changes.role == "user":
            raise ConflictError("nobody else", code="last_administrator")
        view = await self.find(FindUser(user_id=command.user_id))
        changed = {"is_blocked": bool(command.changes.is_blocked)}
        self.known[view.id] = view.model_copy(update=changed)
        return self.known[view.id]

    async def erase(self, command: EraseUser) -> Accepted:
        await self.find(FindUser(user_id=command.user_id))
        del self.known[command.user_id]
        return Accepted()


async def test_a_user_is_created_found_changed_and_erased(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        users = FakeUsers()
        await users.serve(fleet)
        body = BODY | {"password": "long enough", "limits": {"max_waiting_jobs": 3}}
        made = await fleet.client.post("/v1/users", json=body)
        path = made.headers["location"]
        filters = {"text": "ada", "role": "user", "is_blocked": "false", "limit": "2"}
        listed = await fleet.client.get("/v1/users", params=filters)
        blocked = await fleet.client.patch(path, json={"is_blocked": True})
        last = await fleet.client.patch(path, json={"role": "user"})
        erased = await fleet.client.delete(path)
        gone = await fleet.client.get(path)

    assert (made.status_code, path) == (201, f"/v1/users/{made.json()['id']}")
    assert "password" not in made.json()
    [command] = users.created
    assert command.actor.user_id == fleet.user_id
    assert command.user.limits == LimitOverrides(max_waiting_jobs=3)
    assert "long enough" not in repr(command)
    assert [one["email"] for one in listed.json()["items"]] == ["ada@example.com"]
    [query] = users.listed
    assert (query.text, query.role, query.is_blocked, query.limit) == ("ada", "user", False, 2)
    assert blocked.json()["is_blocked"] is True
    assert (last.status_code, last.json()["type"][-18:]) == (409, "last_administrator")
    assert (erased.status_code, gone.status_code) == (204, 404)


async def test_a_creation_is_replayed_with_its_key(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeUsers().serve(fleet)
        key = {"Idempotency-Key": "k"}
        first = await fleet.client.post("/v1/users", json=BODY, headers=key)
        second = await fleet.client.post("/v1/users", json=BODY, headers=key)

    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("changes", "status", "problem"),
    [
        ({"email": "taken@example.com"}, 409, "email_taken"),
        ({"role": "admin"}, 403, "permission_not_held"),
        ({"email": "nobody"}, 422, "invalid"),
        ({"email": "a@b\r\nBcc: x@y"}, 422, "invalid"),
        ({"name": "A\u0007"}, 422, "invalid"),
        ({"password": "short"}, 422, "invalid"),
        ({"role": "Admin"}, 422, "invalid"),
        ({"limits": {"max_running_jobs": 0}}, 422, "invalid"),
        ({"limits": {"speed": 1}}, 422, "invalid"),
        ({"is_blocked": True}, 422, "invalid"),
    ],
)
async def test_a_user_that_cannot_be_is_refused(
    nats: NatsServer, changes: dict[str, Any], status: int, problem: str
) -> None:
    async with a_fleet(nats) as fleet:
        await FakeUsers().serve(fleet)
        answer = await fleet.client.post("/v1/users", json=BODY | changes)

    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:comfyfleet:problem:{problem}"


async def test_an_erased_user_loses_tokens_and_streams(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        user_id = uuid4()
        await fleet.has_new_user(user_id)
        headers = {"Authorization": f"Bearer {fleet.signer.token(user_id)}"}
        async with following(fleet.client, "/v1/events", headers=headers) as stream:
            await publish(fleet.auth, [delete(PRINCIPALS, str(user_id))])
            await stream.rest(within=6.0)
        refused = await fleet.client.get("/v1/jobs", headers=headers)

    assert (refused.status_code, refused.json()["detail"]) == (401, "the account does not exist")

"""The caller's own account over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.auth.me import (
    ListSessions,
    RenameUser,
    ReplacePassword,
    RevokeSession,
    RevokeSessions,
    SessionPage,
    SessionView,
)
from contracts.errors import ForbiddenError
from contracts.message import Accepted
from contracts.scheduler.job_requests import FindWork, WorkView
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .owners import NOW
from .test_sessions import FakeAccounts

PASSWORDS = {"old_password": "old", "new_password": "tin-lemon-7731-quay"}


class FakeMe:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def serve(self, fleet: Fleet) -> None:
        await FakeAccounts().serve(fleet)
        await fleet.auth.serve(RenameUser, self.rename)
        await fleet.auth.serve(ReplacePassword, self.replace)
        await fleet.auth.serve(ListSessions, self.list)
        await fleet.auth.serve(RevokeSession, self.accept)
        await fleet.auth.serve(RevokeSessions, self.accept)

    async def accept(self, command: RevokeSession | RevokeSessions) -> Accepted:
        self.asked.append(command)
        return Accepted()

    async def rename(self, command: RenameUser) -> Any:
        view = await FakeAccounts().find_view(command.actor.user_id)
        return view.model_copy(update={"name": command.name})

    async def replace(self, command: ReplacePassword) -> Accepted:
        self.asked.append(command)
        if command.old_password != "old":
            raise ForbiddenError("wrong", code="wrong_password")
        return Accepted()

    async def list(self, query: ListSessions) -> SessionPage:
        view = SessionView(
            id=query.session_id or uuid4(), began_at=NOW, expires_at=NOW, is_current=True
        )
        return SessionPage(items=[view])


@pytest.fixture
def session_id() -> UUID:
    return uuid4()


async def test_my_account_shows_how_much_of_my_limits_i_use(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMe().serve(fleet)
        without = await fleet.client.get("/v1/me")

        async def work(query: FindWork) -> WorkView:
            assert query.actor.user_id == fleet.user_id
            return WorkView(waiting_job_count=3, running_job_count=1)

        await fleet.scheduler.bus.serve(FindWork, work)
        fleet.storage.stored_bytes = 42
        me = await fleet.client.get("/v1/me")

    assert without.json()["use"]["running_job_count"] is None
    use = {"waiting_job_count": 3, "running_job_count": 1, "stored_bytes": 42}
    assert me.json()["use"] == use
    assert me.json()["limits"]["max_waiting_jobs"] == 1_000


async def test_a_session_may_change_name_password_and_sessions(
    nats: NatsServer, session_id: UUID
) -> None:
    async with a_fleet(nats) as fleet:
        me = FakeMe()
        await me.serve(fleet)
        fleet.client.headers.update(fleet.headers(sid=str(session_id)))
        named = await fleet.client.patch("/v1/me", json={"name": "Grace"})
        changed = await fleet.client.post("/v1/me/password", json=PASSWORDS)
        wrong = await fleet.client.post("/v1/me/password", json=PASSWORDS | {"old_password": "x"})
        short = await fleet.client.post("/v1/me/password", json=PASSWORDS | {"new_password": "x"})
        listed = await fleet.client.get("/v1/me/sessions")
        ended = await fleet.client.delete(f"/v1/me/sessions/{session_id}")
        everywhere = await fleet.client.post("/v1/me/sessions/end")

    assert named.json()["name"] == "Grace"
    statuses = [answer.status_code for answer in (changed, wrong, short, ended, everywhere)]
    assert statuses == [204, 403, 422, 204, 204]
    assert listed.json()["items"][0]["id"] == str(session_id)
    replaced, _, revoked, _ = me.asked
    assert (replaced.session_id, revoked.session_id) == (session_id, session_id)
    assert "lemon" not in repr(replaced)


async def test_a_token_of_no_session_ends_none(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        me = FakeMe()
        await me.serve(fleet)
        answers = (
            await fleet.client.post("/v1/me/password", json=PASSWORDS),
            await fleet.client.delete(f"/v1/me/sessions/{uuid4()}"),
            await fleet.client.post("/v1/me/sessions/end"),
        )

    for answer in answers:
        problem = answer.json()["type"].split(":")[-1]
        assert (answer.status_code, problem) == (403, "session_needed")
    assert me.asked == []

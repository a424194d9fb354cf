"""One-time links over HTTP: the bus has their SHA-256 only."""

import hashlib
from uuid import uuid4

from contracts.auth.links import CreateLink, PasswordLinkView, UseLink
from contracts.errors import ConflictError, ForbiddenError
from contracts.message import Accepted
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .owners import NOW

BODY = {"password": "tin-lemon-7731-quay"}


class FakeLinks:
    """Keeps digests."""

    def __init__(self) -> None:
        self.digests: list[str] = []
        self.used: list[UseLink] = []

    async def serve(self, fleet: Fleet) -> None:
        await fleet.auth.serve(CreateLink, self.create)
        await fleet.auth.serve(UseLink, self.use)

    async def create(self, command: CreateLink) -> PasswordLinkView:
        if command.idempotency and self.digests:
            raise ConflictError("shown only once", code="idempotency_key_used")
        self.digests.append(command.digest)
        return PasswordLinkView(user_id=command.user_id, expires_at=NOW)

    async def use(self, command: UseLink) -> Accepted:
        if command.digest not in self.digests:
            raise ForbiddenError("no such link", code="bad_link")
        self.digests.remove(command.digest)
        self.used.append(command)
        return Accepted()


async def test_a_link_is_shown_once_and_works_once_without_a_token(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        links = FakeLinks()
        await links.serve(fleet)
        made = await fleet.client.post(f"/v1/users/{uuid4()}/links", json={})
        [digest] = links.digests
        del fleet.client.headers["Authorization"]
        answers = [await fleet.client.post(made.json()["path"], json=BODY) for _ in range(2)]
        made_up = await fleet.client.post("/v1/auth/invitations/x", json=BODY)

    assert made.status_code == 201
    token = made.json()["token"]
    assert made.json()["path"] == f"/v1/auth/invitations/{token}"
    assert digest == hashlib.sha256(token.encode()).hexdigest()
    assert [answer.status_code for answer in (*answers, made_up)] == [204, 403, 403]
    [used] = links.used
    assert "lemon" not in repr(used)
    assert digest not in repr(used)


async def test_the_text_of_a_link_is_never_replayed(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeLinks().serve(fleet)
        path, key = f"/v1/users/{uuid4()}/links", {"Idempotency-Key": "k"}
        first = await fleet.client.post(path, json={}, headers=key)
        second = await fleet.client.post(path, json={}, headers=key)
        long = await fleet.client.post(path, json={"lifetime_seconds": 10**9})

    assert (first.status_code, second.status_code, long.status_code) == (201, 409, 422)
    assert second.json()["type"] == "urn:comfyfleet:problem:idempotency_key_used"


async def test_links_cannot_be_tried_at_speed(nats: NatsServer) -> None:
    async with a_fleet(nats, logins_per_minute=1) as fleet:
        await FakeLinks().serve(fleet)
        answers = [
            await fleet.client.post(f"/v1/auth/invitations/{number}", json=BODY)
            for number in range(11)
        ]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]

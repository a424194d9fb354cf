"""Every endpoint asks for a permission, but for those that are open by design."""

from uuid import uuid4

from contracts.access import Permission
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .store import FakeMedia, a_media

OPEN = {
    ("get", "/version"),
    ("get", "/healthz"),
    ("get", "/"),
    ("get", "/readyz"),
    ("get", "/v1/me"),
    ("get", "/v1/api-keys"),
    ("post", "/v1/api-keys"),
    ("delete", "/v1/api-keys/{key_id}"),
    ("patch", "/v1/me"),
    ("post", "/v1/me/password"),
    ("get", "/v1/me/sessions"),
    ("post", "/v1/me/sessions/end"),
    ("delete", "/v1/me/sessions/{session_id}"),
    ("get", "/v1/workflows/spec.schema.json"),
    ("post", "/v1/auth/token"),
    ("post", "/v1/auth/refresh"),
    ("post", "/v1/auth/logout"),
    ("post", "/v1/auth/invitations/{token}"),
}
"""For all, or for whoever has a token."""
PLACES = {"name": "solid", "reference": "solid", "version": "1"}


async def endpoints(fleet: Fleet) -> list[tuple[str, str]]:
    paths = (await fleet.client.get("/openapi.json")).json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def filled(path: str) -> str:
    """The path with something in each of its places."""
    parts = (
        PLACES.get(part[1:-1], str(uuid4())) if part[:1] == "{" else part
        for part in path.split("/")
    )
    return "/".join(parts)


async def test_who_has_no_permission_gets_nowhere(nats: NatsServer) -> None:
    async with a_fleet(nats, rate_per_second=0) as fleet:
        nobody = fleet.headers(permissions=["from:the-future"])
        found = await endpoints(fleet)
        assert set(found) >= OPEN
        for method, path in set(found) - OPEN:
            answer = await fleet.client.request(method, filled(path), headers=nobody)
            assert answer.status_code == 403, (method, path)
            assert answer.json()["type"] == "urn:comfyfleet:problem:missing_permission"
            assert "permission" in answer.json()["detail"]


async def test_who_may_only_look_sees_and_changes_nothing(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMedia(fleet.media).serve()
        reader = fleet.headers(permissions=[Permission.JOBS_READ, Permission.MEDIA_READ])
        job = fleet.scheduler.add(fleet.user_id)
        for path in ("/v1/jobs", f"/v1/jobs/{job.id}"):
            assert (await fleet.client.get(path, headers=reader)).is_success
        for path in ("/v1/jobs", f"/v1/jobs/{job.id}/cancel", "/v1/media"):
            answer = await fleet.client.post(path, json={}, headers=reader)
            assert answer.status_code == 403, path
        answer = await fleet.client.patch(f"/v1/jobs/{job.id}", json={}, headers=reader)
        deleted = await fleet.client.delete(f"/v1/jobs/{job.id}", headers=reader)
        assert (answer.status_code, deleted.status_code) == (403, 403)


async def test_who_may_run_jobs_sees_them_with_a_token_that_does_not_say_so(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media)
        await media.serve()
        mine = a_media(uuid4(), fleet.user_id)
        media.known[mine.id] = mine
        old = fleet.headers(permissions=["jobs:run", "media:write"])
        job = fleet.scheduler.add(fleet.user_id)
        for path in ("/v1/jobs", f"/v1/jobs/{job.id}", f"/v1/media/{mine.id}"):
            assert (await fleet.client.get(path, headers=old)).is_success, path

"""Every endpoint that creates something under an idempotency key can refuse a repeat."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from contracts.scheduler.jobs import JobStatus
from runtime.testing.servers import NatsServer, S3Server

from .batches import a_batch_fleet
from .declared import paths
from .fleet import Fleet
from .gallery import FakeGallery
from .store import FakeMedia, a_media
from .test_nodes import FakeNodes
from .test_presets import PRESET, FakePresets
from .test_roles import FakeRoles
from .test_users import FakeUsers

MEDIA = UUID(int=1)
JOB = UUID(int=2)
SERVER = {"name": "n", "base_url": "http://10.0.0.1:8188"}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "createJob": ("/v1/jobs", {"json": {"workflow": "solid"}}),
    "retryJob": (f"/v1/jobs/{JOB}/retry", {}),
    "createBatch": ("/v1/batches", {"json": {"workflow": "draw", "count": 1}}),
    "uploadMedia": ("/v1/media", {"files": {"file": ("a.png", b"picture")}}),
    "beginUpload": ("/v1/media/uploads", {"json": {"size_bytes": 1}}),
    "createLink": (f"/v1/media/{MEDIA}/links", {"json": {}}),
    "addNode": ("/v1/nodes", {"json": SERVER}),
    "createUser": ("/v1/users", {"json": {"email": "ada@example.com", "name": "Ada"}}),
    "createRole": ("/v1/roles", {"json": {"name": "shop", "permissions": ["jobs:run"]}}),
    "createPreset": ("/v1/presets", {"json": PRESET}),
}
"""A request of each operation that creates something under a key."""
REPEATABLE = {"completeUpload", "uploadWorkflow"}
"""These create nothing new if they are repeated, and need no key."""


def creating(takes: Callable[[set[str]], bool]) -> set[str]:
    """Return the operations that answer 201 and whose parameters are so."""
    return {
        operation["operationId"]
        for _, methods in paths()
        for operation in methods.values()
        if "201" in operation["responses"]
        and takes({parameter["name"] for parameter in operation["parameters"]})
    }


def test_every_creation_takes_a_key_and_a_rule_for_its_repeats() -> None:
    assert creating(lambda names: "Idempotency-Key" not in names) == REPEATABLE
    assert creating(lambda names: "Idempotency-Repeat" in names) == REQUESTS.keys()


async def test_every_creation_refuses_a_repeat_if_the_caller_wants_that(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        media = FakeMedia(fleet.media, s3)
        media.known[MEDIA] = a_media(MEDIA, fleet.user_id)
        await FakeGallery(media).serve()
        for fake in (FakeNodes(), FakeUsers(), FakeRoles(), FakePresets()):
            await fake.serve(fleet)
        await fleet.post_job({"workflow": "solid"})
        job = fleet.scheduler.submitted[0].job
        fleet.scheduler.add(fleet.user_id, id=JOB, status=JobStatus.FAILED, inputs=job.inputs)
        for name in REQUESTS:
            made, rejected, replayed = [await sent(fleet, name, rule) for rule in RULES]
            assert (name, made.status_code) == (name, 201), made.text
            assert (name, rejected.status_code) == (name, 409), rejected.text
            assert rejected.json()["type"].endswith(":idempotency_key_used")
            assert made.headers["location"].partition("?")[0] in rejected.json()["detail"]
            assert (name, replayed.status_code) == (name, 201), replayed.text
            assert replayed.headers["idempotency-replayed"] == "true"


RULES = ("reject", "reject", "replay")


async def sent(fleet: Fleet, name: str, rule: str) -> httpx.Response:
    path, request = REQUESTS[name]
    headers = {"Idempotency-Key": name, "Idempotency-Repeat": rule}
    return await fleet.client.post(path, headers=headers, **request)

"""Hostile and mistaken requests: each answer is a problem that names its field."""

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .keys import Signer

JSON = {"Content-Type": "application/json"}
SOLID: dict[str, Any] = {"workflow": "solid"}
HOSTILE: list[tuple[bytes, str]] = [
    (b"", "body"),
    (b"{", "body"),
    (b"[]", "body"),
    (b'"\xff"', "body"),
    (b'{"workflow": "\\ud800"}', "body"),
    (b'{"workflow": "solid", "inputs": {"width": NaN}}', "body"),
    (b'{"workflow": "solid", "inputs": {"width": Infinity}}', "body"),
    (b"[" * 100_000, "body"),
    (b'{"a":' * 100_000, "body"),
    (b"9" * 10_000, "body"),
    (b'{"workflow": "solid", "labels": {"a": "\\u0000"}}', "labels.a"),
    (b'{"workflow": "solid", "inputs": {"a": ["\\u0000"]}}', "inputs.a.0"),
    (json.dumps(SOLID | {"webhook": "https://u:p@x.example"}).encode(), "webhook"),
    (json.dumps(SOLID | {"inputs": {"width": "big"}}).encode(), "inputs.width"),
    (json.dumps(SOLID | {"inputs": {"width": 10**400}}).encode(), "inputs.width"),
    (json.dumps(SOLID | {"inputs": {"nope": 1}}).encode(), "inputs.nope"),
    (json.dumps(SOLID | {"inputs": []}).encode(), "inputs"),
    (json.dumps(SOLID | {"labels": {"a b": "x"}}).encode(), "labels.a b"),
    (json.dumps(SOLID | {"labels": {"a": "x" * 257}}).encode(), "labels.a"),
    (json.dumps(SOLID | {"labels": {str(n): "" for n in range(17)}}).encode(), "labels"),
    (json.dumps(SOLID | {"priority": "now"}).encode(), "priority"),
    (json.dumps(SOLID | {"deadline": "2020-01-01T00:00:00Z"}).encode(), "deadline"),
    (json.dumps(SOLID | {"deadline": "2099-01-01T00:00:00"}).encode(), "deadline"),
    (json.dumps({"workflow": "../solid"}).encode(), "workflow"),
    (json.dumps({"workflow": "solid@0"}).encode(), "workflow"),
    (json.dumps({}).encode(), "body"),
]


async def refused(fleet: Fleet, body: bytes, path: str) -> None:
    answer = await fleet.client.post("/v1/jobs", content=body, headers=JSON)
    assert answer.status_code == 422, body[:80]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["errors"][0]["path"] == path, body[:80]
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_bad_body_is_refused_with_the_name_of_its_field(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        for body, path in HOSTILE:
            await refused(fleet, body, path)
        assert not fleet.scheduler.submitted


async def test_a_parameter_and_a_path_are_refused_in_plain_words(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        for url, path, message in (
            ("/v1/jobs?limit=0", "limit", "expected at least 1"),
            ("/v1/jobs?status=x", "status", "expected one of queued, running, "),
            ("/v1/jobs?label=a:b", "label", "expected `key` or `key=value`; "),
            ("/v1/jobs?workflow=UP%20PER", "workflow", "expected `name` or `name@version`; "),
            ("/v1/jobs/x", "job_id", "expected an id (a UUID)"),
            ("/v1/workflows/Nope", "name", "expected `name` or `name@version`; a name has "),
        ):
            [error] = (await fleet.client.get(url)).json()["errors"]
            assert (error["path"], error["message"][: len(message)]) == (path, message), url
        unknown = await fleet.client.get("/v1/nowhere")
        assert unknown.json()["detail"].startswith("there is nothing at this path")
        wrong = await fleet.client.put("/v1/jobs")
        assert wrong.json()["detail"].startswith("this path does not take this method")


async def test_a_body_over_the_limit_is_413_whatever_its_length_says(nats: NatsServer) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    async with a_fleet(nats) as fleet:
        for content in (b" " * 2_000_000, chunks()):
            answer = await fleet.client.post("/v1/jobs", content=content, headers=JSON)
            assert answer.status_code == 413
            assert answer.json()["type"] == "urn:comfyfleet:problem:too_large"


async def test_other_mistakes_are_problems_too(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        client = fleet.client
        for status, answer in (
            (404, await client.get("/nothing/here")),
            (404, await client.get("/v1/jobs/")),
            (405, await client.put("/v1/jobs")),
            (415, await client.post("/v1/jobs", content=b"{}")),
            (422, await client.get("/v1/jobs?limit=1000")),
            (422, await client.get("/v1/jobs?nonsense=1")),
            (422, await client.get("/v1/jobs?label=%00")),
            (422, await client.get("/v1/jobs/not-an-id")),
            (404, await client.get("/v1/workflows/nothing")),
            (404, await client.post("/v1/jobs", json={"workflow": "solid@9"})),
            (422, await client.post("/v1/jobs", json=SOLID, headers={"Idempotency-Key": "a b"})),
            (415, await client.post("/v1/auth/token", json={})),
            (422, await client.post("/v1/auth/token", data={"username": "a"})),
            (422, await client.post("/v1/media", data={"kind": "x"}, files={"file": b"x"})),
        ):
            assert answer.status_code == status, answer.request.url
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"].startswith("urn:comfyfleet:problem:")
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_without_a_good_token_it_is_401_with_a_challenge(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        stranger = Signer().token(fleet.user_id)
        for headers in (
            {"Authorization": ""},
            {"Authorization": "Basic YTpi"},
            {"Authorization": "Bearer a.b.c"},
            {"Authorization": f"Bearer {stranger}"},
            {"Authorization": "Bearer " + "x" * 10_000},
            fleet.headers(exp=1),
            fleet.headers(aud="somebody else"),
            fleet.headers(sub="nobody"),
            fleet.headers(sub=str(uuid4())),
        ):
            answer = await fleet.client.get("/v1/jobs", headers=headers)
            assert answer.status_code == 401, headers
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_who_is_blocked_or_signed_out_everywhere_is_out_at_once(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        for principal in ({"is_blocked": True}, {"sessions_valid_from": 2**40}):
            await fleet.has_user(fleet.user_id)
            await eventually(partial(answers, fleet, 200))
            await fleet.has_user(fleet.user_id, **principal)
            await eventually(partial(answers, fleet, 401))


async def answers(fleet: Fleet, status: int) -> bool:
    return (await fleet.client.get("/v1/jobs")).status_code == status


async def test_a_missing_permission_is_named(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        headers = fleet.headers(permissions=["media:write", "from:the-future"])
        answer = await fleet.client.post("/v1/jobs", json=SOLID, headers=headers)

        assert answer.status_code == 403
        assert "jobs:run" in answer.json()["detail"]


async def test_who_asks_too_often_is_told_when_to_come_back(nats: NatsServer) -> None:
    async with a_fleet(nats, rate_per_second=0.1, rate_burst=2) as fleet:
        answers = [await fleet.client.get("/v1/jobs") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 10
        assert answers[2].headers["ratelimit-limit"] == "2"

"""Hostile input: a refusal that names the field, nothing leaks, and everything stays up."""

import io
import json
import zlib
from typing import Any

import httpx
import pytest

from comfyfleet.testing import LocalFleet

NOBODYS = "01a20000-0000-7000-8000-000000000000"
DEEP = "[" * 100_000
SERVICES = (
    *("gateway", "auth", "workflow-registry", "scheduler", "media", "webhooks", "node-agent"),
)
LEAKS = ("Traceback", "site-packages", "/src/", "asyncpg", "nats.", "Pydantic", "postgres")

BODIES: list[tuple[str, Any, str]] = [
    ("unknown workflow", {"workflow": "nope", "inputs": {}}, "workflow"),
    ("workflow of another type", {"workflow": 7, "inputs": {}}, "workflow"),
    ("no workflow and no graph", {"inputs": {}}, "body"),
    ("a version that is none", {"workflow": "solid@0", "inputs": {}}, "workflow"),
    ("unknown input", {"workflow": "solid", "inputs": {"nope": 1}}, "inputs.nope"),
    ("too big", {"workflow": "solid", "inputs": {"width": 10**9}}, "inputs.width"),
    ("text for a number", {"workflow": "solid", "inputs": {"width": "x"}}, "inputs.width"),
    ("a boolean for a number", {"workflow": "solid", "inputs": {"width": True}}, "inputs.width"),
    ("inputs that are a list", {"workflow": "solid", "inputs": [1]}, "inputs"),
    ("an unknown field", {"workflow": "solid", "inputs": {}, "admin": True}, "admin"),
    ("an unknown priority", {"workflow": "solid", "inputs": {}, "priority": "now"}, "priority"),
    ("a label that is a number", {"workflow": "solid", "inputs": {}, "labels": {"a": 1}}, "labels"),
    (
        "a label name with a slash",
        {"workflow": "solid", "inputs": {}, "labels": {"a/b": "1"}},
        "la",
    ),
    (
        "17 labels",
        {"workflow": "solid", "inputs": {}, "labels": {f"l{n}": "x" for n in range(17)}},
        "labels",
    ),
    (
        "a deadline that is no time",
        {"workflow": "solid", "inputs": {}, "deadline": "x"},
        "deadline",
    ),
    ("a host path as picture", {"workflow": "resize", "inputs": {"image": "/etc/passwd"}}, "image"),
    (
        "another's or no media",
        {"workflow": "resize", "inputs": {"image": {"media": NOBODYS}}},
        "inputs.image",
    ),
    (
        "media that is no id",
        {"workflow": "resize", "inputs": {"image": {"media": "../../x"}}},
        "inputs.image",
    ),
    ("NUL in a prompt", {"workflow": "txt2img", "inputs": {"prompt": "a\0b"}}, "inputs.prompt"),
    (
        "a lone surrogate",
        {"workflow": "txt2img", "inputs": {"prompt": "\ud800"}},
        "body",  # which is no JSON then
    ),
]


def pids(fleet: LocalFleet) -> dict[str, int]:
    return {name: fleet.pid(name) for name in SERVICES}


@pytest.fixture(scope="module", autouse=True)
def first_pids(fleet: LocalFleet) -> dict[str, int]:
    """The processes before anything of this file was sent."""
    return pids(fleet)


@pytest.mark.parametrize(("what", "body", "field"), BODIES, ids=[what for what, _, _ in BODIES])
def test_a_job_that_cannot_be_names_the_field(
    api: httpx.Client, what: str, body: Any, field: str
) -> None:
    answer = api.post(
        "/v1/jobs", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, {400, 404, 422})
    paths = [error["path"] for error in answer.json().get("errors", [])]
    assert any(field in path for path in paths), (what, answer.text)


RAW: list[tuple[str, bytes, dict[str, str], set[int]]] = [
    ("no JSON", b"{", {}, {400, 422}),
    ("nothing", b"", {}, {400, 422}),
    ("not UTF-8", b'{"workflow": "\xff"}', {}, {400, 422}),
    ("NaN", b'{"workflow": "solid", "inputs": {"width": NaN}}', {}, {400, 422}),
    ("a nesting bomb", DEEP.encode(), {}, {400, 413, 422}),
    ("two megabytes", b'{"workflow": "' + b"x" * 2**21 + b'"}', {}, {413}),
    ("another type", b"workflow=solid", {"Content-Type": "text/plain"}, {415, 422}),
    ("a gzip body", zlib.compress(b"{}"), {"Content-Encoding": "gzip"}, {400, 415, 422}),
    ("a key of 10 kB", b"{}", {"Idempotency-Key": "k" * 10_000}, {400, 422, 431}),
]


@pytest.mark.parametrize(("what", "body", "headers", "statuses"), RAW, ids=[row[0] for row in RAW])
def test_bytes_that_are_no_request_are_refused(
    api: httpx.Client, what: str, body: bytes, headers: dict[str, str], statuses: set[int]
) -> None:
    answer = api.post(
        "/v1/jobs", content=body, headers={"Content-Type": "application/json", **headers}
    )
    assert answer.status_code in statuses, (what, answer.status_code, answer.text[:300])
    assert_no_leak(answer)


PATHS = [
    "/v1/jobs/not-an-id",
    f"/v1/jobs/{NOBODYS}",
    f"/v1/jobs/{NOBODYS}/events",
    "/v1/jobs?cursor=%00",
    "/v1/jobs?cursor=AAAA",
    "/v1/jobs?limit=-1",
    "/v1/jobs?limit=1e9",
    "/v1/jobs?status=dead",
    f"/v1/media/{NOBODYS}",
    "/v1/media/..%2f..%2fetc%2fpasswd",
    f"/v1/media/{NOBODYS}/content",
    "/v1/workflows/..%2f..%2fetc",
    "/v1/workflows/solid@99/schema",
    "/v1/nope",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_there_is_a_problem_and_says_nothing_more(api: httpx.Client, path: str) -> None:
    assert_problem(api.get(path), {400, 404, 422})


FILES: list[tuple[str, bytes]] = [
    ("nothing.png", b""),
    ("text.png", b"this is no picture"),
    ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x02"),
    ("page.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    ("../../etc/cron.d/x.png", b"GIF89a"),
]


@pytest.mark.parametrize(("name", "content"), FILES, ids=[name for name, _ in FILES])
def test_a_file_that_is_no_picture_is_refused_by_its_content(
    api: httpx.Client, name: str, content: bytes
) -> None:
    answer = api.post(
        "/v1/media", data={"kind": "image"}, files={"file": (name, io.BytesIO(content))}
    )
    assert_problem(answer, {400, 422})
    assert [error["path"] for error in answer.json()["errors"]] == ["file"]


def test_strangers_and_forgers_are_refused(fleet: LocalFleet, token: str) -> None:
    forged = f"{token[:-8]}AAAAAAAA"
    for value in (
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {forged}",
        "Basic YTpi",
        "Bearer " + "x" * 9_000,
    ):
        answer = httpx.get(f"{fleet.url}/v1/me", headers={"Authorization": value}, timeout=10)
        assert_problem(answer, {401, 431})
    form = {"username": "admin@comfyfleet.local", "password": "wrong"}
    assert_problem(httpx.post(f"{fleet.url}/v1/auth/token", data=form, timeout=10), {400, 401})


def test_after_all_that_every_process_is_the_one_that_was(
    fleet: LocalFleet, first_pids: dict[str, int]
) -> None:
    assert pids(fleet) == first_pids
    table = fleet.run("status")
    for name in SERVICES:
        row = next(line.split() for line in table.splitlines() if line.startswith(name))
        assert row[1] == "ready", row


def assert_problem(answer: httpx.Response, statuses: set[int]) -> None:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == answer.status_code
    assert answer.json()["type"].startswith("urn:comfyfleet:problem:")
    assert_no_leak(answer)


def assert_no_leak(answer: httpx.Response) -> None:
    assert not [leak for leak in LEAKS if leak in answer.text], answer.text[:500]

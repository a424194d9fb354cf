"""Every request that takes an idempotency key gets its first answer again, whatever has changed.

Each is sent, then made impossible, and sent again with the same key.
"""

import io
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
import pytest
from PIL import Image

Scene: TypeAlias = Callable[[httpx.Client], Any]
"""A context in which a request is possible; it yields the request and a way to end that."""
Request: TypeAlias = tuple[str, dict[str, Any], Callable[[], object]]
MOST_LINKS = 100


def picture() -> bytes:
    """Return a picture that is also a mask: it selects its upper half."""
    image, file = Image.new("L", (8, 8)), io.BytesIO()
    image.paste(255, (0, 0, 8, 4))
    image.save(file, "PNG")
    return file.getvalue()


def uploaded(api: httpx.Client) -> str:
    answer = api.post("/v1/media", files={"file": ("a.png", picture())})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@contextmanager
def a_job(api: httpx.Client) -> Generator[Request, None, None]:
    media_id = uploaded(api)
    body = {"workflow": "upscale", "inputs": {"image": {"media": media_id}}}
    yield "/v1/jobs", {"json": body}, lambda: api.delete(f"/v1/media/{media_id}")


@contextmanager
def a_batch(api: httpx.Client) -> Generator[Request, None, None]:
    media_id = uploaded(api)
    body = {"workflow": "upscale", "grid": {"image": [{"media": media_id}]}}
    yield "/v1/batches", {"json": body}, lambda: api.delete(f"/v1/media/{media_id}")


@contextmanager
def switch_of(api: httpx.Client, workflow: str) -> Generator[Callable[[], None], None, None]:
    """Yield the way to switch a workflow off until the test ends."""

    def switch(*, is_enabled: bool) -> None:
        answer = api.patch(f"/v1/workflows/{workflow}", json={"is_enabled": is_enabled})
        assert answer.is_success, answer.text

    try:
        yield partial(switch, is_enabled=False)
    finally:
        switch(is_enabled=True)


@contextmanager
def a_retry(api: httpx.Client) -> Generator[Request, None, None]:
    body = {"workflow": "txt2img", "inputs": {"prompt": "long", "steps": 150}}
    job = api.post("/v1/jobs", json=body).json()
    api.post(job["links"]["cancel"])
    with api.stream("GET", job["links"]["events"]) as response:
        response.read()
    with switch_of(api, "txt2img") as switch_off:
        yield job["links"]["retry"], {}, switch_off


@contextmanager
def a_mask(api: httpx.Client) -> Generator[Request, None, None]:
    form = {"kind": "mask", "workflow": "inpaint", "input": "mask"}
    sent = {"data": form, "files": {"file": ("a.png", picture())}}
    with switch_of(api, "inpaint") as switch_off:
        yield "/v1/media", sent, switch_off


@contextmanager
def a_node(api: httpx.Client) -> Generator[Request, None, None]:
    node = {"name": "nobody", "base_url": f"http://127.0.0.1:1/{uuid4()}", "pool": "replays"}
    yield "/v1/nodes", {"json": node}, lambda: None  # the address is taken by the first one
    for found in api.get("/v1/nodes").json()["items"]:
        if found["base_url"] == node["base_url"]:
            api.delete(f"/v1/nodes/{found['id']}")


@contextmanager
def a_link(api: httpx.Client) -> Generator[Request, None, None]:
    path = f"/v1/media/{uploaded(api)}/links"

    def fill() -> None:
        for _ in range(MOST_LINKS - 1):
            assert api.post(path, json={}).status_code == 201

    yield path, {"json": {}}, fill


SCENES: dict[str, Scene] = {
    "createJob": a_job,
    "createBatch": a_batch,
    "retryJob": a_retry,
    "uploadMedia": a_mask,
    "addNode": a_node,
    "createLink": a_link,
}
ELSEWHERE = {
    *("beginUpload",),  # needs a public store, which a local fleet does not have
    # a secret is shown once, so that a repeat is a conflict
    *("createApiKey", "createKeyOfService", "createPasswordLink", "createWebhook"),
    # nothing makes the first request impossible but itself
    *("createUser", "createRole", "createPreset"),
}
"""Tested with the service that owns the thing."""


@pytest.mark.parametrize("name", SCENES)
def test_a_repeated_request_gets_its_first_answer(api: httpx.Client, name: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    with SCENES[name](api) as (path, sent, make_impossible):
        first = api.post(path, **sent, headers=key)
        make_impossible()
        again = api.post(path, **sent, headers=key)
        new = api.post(path, **sent, headers={"Idempotency-Key": str(uuid4())})

    assert (first.status_code, again.status_code) == (201, 201), (first.text, again.text)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert 400 <= new.status_code < 500, new.text


def test_every_request_that_takes_a_key_is_tried(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    takes_key = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key"
    }

    assert takes_key == SCENES.keys() | ELSEWHERE

"""Users, verbs and objects: nobody reads, changes, watches or infers what is another's.

The operations come from the OpenAPI document, so an endpoint without an entry in the table fails.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from comfyfleet.testing import LocalFleet

from .matrix import MATRIX, OPERATIONS, About, about
from .test_jobs import a_picture, finish, frames, upload
from .test_users import a_user, becomes, patient

REPEATABLE = {"deletePreset"}
"""Deletions that succeed also if there is nothing to delete."""
"""The table is longer than a burst of requests may be."""


@dataclass(frozen=True, slots=True)
class Stage:
    """An owner with things, a stranger with none, and the stranger's API key."""

    owner: httpx.Client
    stranger: httpx.Client
    key: httpx.Client
    nobody: httpx.Client
    places: Mapping[str, str]
    """Things of the owner, for the places of paths."""
    job: Mapping[str, Any]


@contextmanager
def a_client(fleet: LocalFleet, token: str | None) -> Generator[httpx.Client, None, None]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=fleet.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def stage(fleet: LocalFleet, token: str) -> Iterator[Stage]:
    with ExitStack() as stack:
        admin = stack.enter_context(a_client(fleet, token))
        owner_id, owner = stack.enter_context(a_user(fleet, admin))
        _, stranger = stack.enter_context(a_user(fleet, admin))
        for client in (owner, stranger):
            becomes(200, lambda client=client: client.get("/v1/jobs"))
        key = stranger.post("/v1/api-keys", json={"name": "stranger's"}).json()["secret"]
        media_id = upload(owner, a_picture())
        job = finish(owner, "resize", image={"media": media_id}, width=32, height=32)
        batch = owner.post("/v1/batches", json={"workflow": "solid", "count": 1})
        link = owner.post(f"/v1/media/{media_id}/links", json={})
        preset = {"name": "mine", "workflow": "solid", "inputs": {"width": 32}}
        webhook = owner.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/"}).json()["webhook"]
        test = owner.post(f"/v1/webhooks/{webhook['id']}/test")
        places = {
            "job_id": job["id"],
            "batch_id": batch.json()["id"],
            "media_id": media_id,
            "link_id": link.json()["id"],
            "preset_id": owner.post("/v1/presets", json=preset).json()["id"],
            "webhook_id": webhook["id"],
            "delivery_id": test.json()["id"],
            "key_id": owner.post("/v1/api-keys", json={"name": "owner's"}).json()["id"],
            "user_id": owner_id,
            "session_id": str(uuid4()),
            "token": "made-up",
            "node_id": admin.get("/v1/nodes").json()["items"][0]["id"],
            "name": "solid",
            "version": "1",
            "folder": "loras",
        }
        yield Stage(
            owner,
            stranger,
            stack.enter_context(a_client(fleet, key)),
            stack.enter_context(a_client(fleet, None)),
            places,
            job,
        )


def ask(client: httpx.Client, name: str, places: Mapping[str, str]) -> httpx.Response:
    operation = OPERATIONS[name]
    path = operation.path.format_map(places)
    return patient(lambda: client.request(operation.method, path, **operation.body))


def elsewhere(places: Mapping[str, str]) -> dict[str, str]:
    """Return the places with ids that nothing has."""
    return {k: str(uuid4()) if k.endswith("_id") else place for k, place in places.items()}


def said(answer: httpx.Response, places: Mapping[str, str]) -> tuple[int, str]:
    """Return status and body without the ids that the caller sent, and that of the request."""
    text = re.sub(r'"request_id":"[^"]*"', "", answer.text)
    for place in places.values():
        text = text.replace(place, "…")
    return answer.status_code, text


def test_every_operation_is_in_the_matrix() -> None:
    assert MATRIX.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", sorted(MATRIX.keys() & OPERATIONS.keys()))
def test_without_a_token_nothing_answers_but_what_is_public(stage: Stage, name: str) -> None:
    answer = ask(stage.nobody, name, stage.places)

    is_refused = answer.status_code == 401 and ":unauthorized" in answer.text
    assert is_refused == (MATRIX[name] is not About.PUBLIC), answer.text


@pytest.mark.parametrize("name", about(About.OWNED, About.SESSION))
def test_what_is_anothers_is_answered_as_if_it_did_not_exist(stage: Stage, name: str) -> None:
    nowhere = elsewhere(stage.places)
    for client in (stage.stranger, stage.key):
        found = said(ask(client, name, stage.places), stage.places)
        missing = said(ask(client, name, nowhere), nowhere)

        assert found == missing
        is_refused = client is stage.key and MATRIX[name] is About.SESSION
        expected = 403 if is_refused else 204 if name in REPEATABLE else 404
        assert found[0] == expected, found


@pytest.mark.parametrize("name", about(About.FLEET))
def test_what_needs_a_permission_tells_nothing_without_it(stage: Stage, name: str) -> None:
    nowhere = elsewhere(stage.places)
    for client in (stage.owner, stage.stranger, stage.key):
        found = said(ask(client, name, stage.places), stage.places)

        assert found[0] == 403, found
        assert "missing_permission" in found[1]
        assert found == said(ask(client, name, nowhere), nowhere)


@pytest.mark.parametrize("name", sorted({*about(About.LIST)} - {"followJobs"}))
def test_a_list_has_nothing_of_another(stage: Stage, name: str) -> None:
    for client in (stage.stranger, stage.key):
        answer = ask(client, name, stage.places)
        assert answer.status_code == 200, answer.text
        assert [k for k, place in stage.places.items() if place in ids_of(answer.text)] == []
    assert ids_of(ask(stage.owner, name, stage.places).text) or name == "getUsage"


def ids_of(text: str) -> set[str]:
    return set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))


def test_filters_find_nothing_of_another(stage: Stage) -> None:
    job_id, batch_id = stage.places["job_id"], stage.places["batch_id"]
    for path in (f"/v1/jobs?batch={batch_id}", f"/v1/media?job_id={job_id}"):
        for client in (stage.stranger, stage.key):
            answer = patient(lambda client=client, path=path: client.get(path))
            assert answer.status_code in {200, 422}, answer.text
            assert answer.json().get("items", []) == []


def test_nobody_watches_the_jobs_of_another(stage: Stage) -> None:
    with stage.stranger.stream("GET", "/v1/events") as stream:
        told = frames(stream)
        others = finish(stage.owner, "solid", width=32, height=32)
        own = finish(stage.stranger, "solid", width=32, height=32)
        seen: set[str] = set()
        for name, _, data in told:
            seen.add(data["id"] if "id" in data else data["job_id"])
            if name == "job.completed":
                break

    assert seen == {own["id"]}
    assert others["id"] != own["id"]


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/batches", "/v1/media/zip"])
def test_a_body_that_names_anothers_media_is_answered_as_if_there_were_none(
    stage: Stage, path: str
) -> None:
    def answer(media_id: str) -> tuple[int, str]:
        inputs = {"image": {"media": media_id}, "width": 32, "height": 32}
        body: dict[str, Any] = {"workflow": "resize", "inputs": inputs}
        if path == "/v1/batches":
            body["count"] = 2
        if path == "/v1/media/zip":
            body = {"media_ids": [media_id]}
        return said(patient(lambda: stage.stranger.post(path, json=body)), {"media_id": media_id})

    found, missing = answer(stage.places["media_id"]), answer(str(uuid4()))
    assert found == missing
    assert found[0] == 422


def test_a_mask_for_anothers_picture_is_answered_as_if_there_were_none(stage: Stage) -> None:
    def answer(media_id: str) -> tuple[int, str]:
        form = {"kind": "mask", "of": media_id}
        sent = {"file": ("mask.png", a_picture())}
        refused = patient(lambda: stage.stranger.post("/v1/media", data=form, files=sent))
        return said(refused, {"media_id": media_id})

    found, missing = answer(stage.places["media_id"]), answer(str(uuid4()))
    assert found == missing
    assert found[0] in {404, 422}


def test_an_idempotency_key_of_another_finds_nothing(stage: Stage) -> None:
    body, headers = {"workflow": "solid"}, {"Idempotency-Key": str(uuid4())}
    first = stage.owner.post("/v1/jobs", json=body, headers=headers)
    other = patient(lambda: stage.stranger.post("/v1/jobs", json=body, headers=headers))

    assert (first.status_code, other.status_code) == (201, 201)
    assert first.json()["id"] != other.json()["id"]
    assert "Idempotency-Replayed" not in other.headers


def test_a_link_opens_one_media_alone(stage: Stage) -> None:
    [output] = stage.job["outputs"]
    assert stage.nobody.get(output["url"]).status_code == 200
    path, _, query = output["url"].partition("?")
    assert output["media_id"] in path
    other = path.replace(output["media_id"], stage.places["media_id"])
    refused = stage.nobody.get(f"{other}?{query}")

    assert (refused.status_code, "bad_link" in refused.text) == (403, True)


def test_after_all_that_the_owner_has_everything(stage: Stage) -> None:
    owned = "getJob", "getBatch", "getMedia", "getMediaContent", "listLinks", "findPreset"
    for name in owned:
        assert ask(stage.owner, name, stage.places).status_code == 200, name
    links = ask(stage.owner, "listLinks", stage.places).json()["items"]
    assert [link["id"] for link in links] == [stage.places["link_id"]]
    keys = ask(stage.owner, "listApiKeys", stage.places).json()["items"]
    assert [key["id"] for key in keys] == [stage.places["key_id"]]
    job = ask(stage.owner, "getJob", stage.places).json()
    assert (job["version"], job["labels"]) == (stage.job["version"], stage.job["labels"])

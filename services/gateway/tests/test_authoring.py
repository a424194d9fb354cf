"""Authoring: the gateway passes uploads to the registry, and its answers back."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from contracts.registry.workflows import ModelFolder, WorkflowEntry, WorkflowVersionRecord
from contracts.services import WORKFLOWS
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from runtime.outbox.messages import put
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .registry import FakeRegistry

SPEC = "spec: comfyfleet/v1\nname: mine\n"
GRAPH: dict[str, Any] = {"1": {"class_type": "SaveImage", "inputs": {}}}
FORM = {"spec": ("mine.yaml", SPEC), "graph": ("mine.json", json.dumps(GRAPH))}
PATH = "/v1/workflows"


@asynccontextmanager
async def a_registry(nats: NatsServer) -> AsyncGenerator[tuple[Fleet, FakeRegistry, Bus], None]:
    password = nats.passwords["workflow-registry"]
    async with (
        a_fleet(nats) as fleet,
        Bus.connect(nats.url, service="workflow-registry", password=password) as bus,
    ):
        registry = FakeRegistry()
        await registry.serve(bus)
        yield fleet, registry, bus


async def test_a_form_and_json_say_the_same(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        post = fleet.client.post
        library = {"library": "comfyfleet/v1"}
        files = FORM | {"library": ("library.yaml", "library: comfyfleet/v1\n")}
        form = await post(PATH, files=files, data={"activate": "true"})
        body = {"spec": SPEC, "graph": GRAPH, "library": library, "activate": True}
        again = await post(PATH, json=body)

        assert (form.status_code, again.status_code) == (201, 200)
        assert form.headers["location"] == "/v1/workflows/mine@1"
        assert registry.uploads[0] == registry.uploads[1]
        assert registry.uploads[0].spec["name"] == "mine"
        assert registry.uploads[0].library == library


async def test_what_cannot_be_read_never_reaches_the_registry(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        post = fleet.client.post
        wrong = [
            await post(PATH, files={"spec": FORM["spec"]}),
            await post(PATH, files=FORM | {"graph": ("g", b"\xff\xfe")}),
            await post(PATH, files=FORM | {"graph": ("g", "{")}),
            await post(PATH, files=FORM | {"spec": ("s", "a: &x 1\nb: *x")}),
            await post(PATH, json={"spec": {}, "graph": {}, "odd": 1}),
            await post(PATH, json={"spec": {}, "graph": {"a": "x" * 510 * 1024}}),
            await post(PATH, json={"spec": {}, "graph": {}, "library": {"a": "x" * 510 * 1024}}),
        ]
        big = await post(PATH, files=FORM | {"graph": ("g", "x" * 1_100_000)})

        assert {answer.status_code for answer in wrong} == {422}
        assert big.status_code == 413
        assert registry.uploads == []


async def test_only_those_who_may_write_workflows_do(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        headers = fleet.headers(["workflows:read", "jobs:run"])
        client = fleet.client
        answers = [
            await client.post(PATH, files=FORM, headers=headers),
            await client.post(f"{PATH}/validate", files=FORM, headers=headers),
            await client.post(f"{PATH}/propose", json={"graph": GRAPH}, headers=headers),
            await client.post(f"{PATH}/mine/versions/1/activate", headers=headers),
            await client.patch(f"{PATH}/mine", json={"is_enabled": False}, headers=headers),
            await client.delete(f"{PATH}/mine", headers=headers),
            await client.get(f"{PATH}/solid/versions/1", headers=headers),
            await client.get(f"{PATH}/solid/coverage", headers=headers),
        ]

        assert {answer.status_code for answer in answers} == {403}
        assert registry.uploads == []


async def test_a_dry_run_and_a_proposal_are_passed_on(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        valid = await fleet.client.post(f"{PATH}/validate", files=FORM)
        draft = await fleet.client.post(f"{PATH}/propose", json={"graph": GRAPH, "name": "mine"})

        assert valid.json()["coverage"]["nodes"][0]["is_runnable"] is True
        drafted = {"spec": {"name": "mine"}, "graph": GRAPH}
        assert draft.json() == {**drafted, "warnings": [], "warning_count": 0}
        assert registry.uploads == []


async def test_versions_are_activated_and_workflows_changed_and_deleted(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        client = fleet.client
        active = await client.post(f"{PATH}/mine/versions/1/activate")
        off = await client.patch(f"{PATH}/mine", json={"is_enabled": False, "category": "video"})
        odd = await client.patch(f"{PATH}/mine", json={"category": "films"})
        gone = await client.delete(f"{PATH}/mine")
        foreign = await client.patch(f"{PATH}/solid", json={"is_enabled": False})

        assert (active.status_code, off.status_code, gone.status_code) == (200, 200, 204)
        assert (registry.changes[0].is_enabled, registry.changes[0].category) == (False, "video")
        assert odd.status_code == 422
        assert (foreign.status_code, foreign.json()["type"]) == (
            409,
            "urn:comfyfleet:problem:other_source",
        )


async def test_a_version_can_be_read_whole_and_who_can_run_it(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, _, _bus):
        content = (await fleet.client.get(f"{PATH}/solid/versions/1")).json()
        coverage = (await fleet.client.get(f"{PATH}/solid@1/coverage")).json()
        versions = await fleet.client.get(f"{PATH}/solid/versions")

        assert content["graph"]["1"]["class_type"] == "EmptyImage"
        assert coverage["nodes"][0]["name"] == "a"
        assert versions.json() == {"items": [], "next_cursor": None}


async def test_any_two_versions_are_compared(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, _, bus):
        get = fleet.client.get
        await second_version(bus, "solid", title="Two")
        diff = f"{PATH}/solid/versions/2/diff"
        await eventually(lambda: is_found(fleet, diff))
        there = await get(diff, params={"against": 1})
        same = await get(diff, headers={"If-None-Match": there.headers["etag"]})
        back = await get(f"{PATH}/solid/versions/1/diff?against=2")
        denied = await get(diff, headers=fleet.headers(["workflows:read"]))

        [change] = there.json()["differences"]
        assert (change["path"], change["after"]) == ("spec.title.en", "Two")
        assert back.json()["differences"][0]["before"] == "Two"
        assert (same.status_code, denied.status_code) == (304, 403)
        wrong = [await get(f"{diff}?against={number}") for number in ("0", "9", "x")]
        assert [answer.status_code for answer in wrong] == [422, 404, 422]


async def is_found(fleet: Fleet, path: str) -> bool:
    return (await fleet.client.get(path)).is_success


async def second_version(bus: Bus, name: str, *, title: str) -> None:
    """Publish the shipped workflow once more, under another title; version 1 stays active."""
    body = await read_value(bus, WORKFLOWS, f"name.{name}")
    known = WorkflowEntry.model_validate_json(body or b"")
    stored = await read_value(bus, WORKFLOWS, f"version.{known.versions[1]}")
    record = WorkflowVersionRecord.model_validate_json(stored or b"")
    new = {
        "version": 2,
        "hash": "2" * 64,
        "spec": {**record.spec, "title": {**record.spec["title"], "en": title}},
    }
    both = known.model_copy(update={"versions": {**known.versions, 2: "2" * 64}})
    await publish(
        bus,
        [
            put(WORKFLOWS, f"version.{'2' * 64}", record.model_copy(update=new)),
            put(WORKFLOWS, f"name.{name}", both),
        ],
    )


async def test_documents_have_tags_that_change_with_the_fleets_models(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, _, bus):
        get = fleet.client.get
        await publish_model(bus, "upscale_models", "a.pth")
        for path in ("/upscale/schema", "/upscale/openapi.json"):

            async def lists(name: str, path: str = path) -> bool:
                return name in (await get(PATH + path)).text

            await eventually(lambda: lists("a.pth"))
            first = await get(PATH + path)
            same = await get(
                PATH + path, headers={"If-None-Match": f'W/{first.headers["etag"]}, "x"'}
            )
            assert (first.status_code, same.status_code, same.content) == (200, 304, b"")

        await publish_model(bus, "upscale_models", "b.pth")
        await eventually(lambda: lists("b.pth"))
        assert (await get(PATH + path)).headers["etag"] != first.headers["etag"]


async def publish_model(bus: Bus, folder: str, name: str, page: int = 0) -> None:
    value = ModelFolder(folder=folder, names=[name], page=page)
    key = f"models.{folder}.{page}" if page else f"models.{folder}"
    await publish(bus, [put(WORKFLOWS, key, value)])


async def test_the_schema_of_specs_needs_no_token(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, _, _bus):
        answer = await fleet.client.get(f"{PATH}/spec.schema.json", headers={"Authorization": ""})

        assert answer.json()["properties"]["spec"]["const"] == "comfyfleet/v1"


async def test_a_draft_runs_only_for_those_who_may_activate_it(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        hash_ = (await fleet.client.get(f"{PATH}/solid")).json()["hash"]
        await registry.tell("sketch", versions={1: hash_, 2: hash_}, drafts=[2], source="api")
        await eventually(partial(is_known, fleet, "sketch"))
        shown = (await listed(fleet))["sketch"]
        author, user = fleet.headers(), fleet.headers(["workflows:read", "jobs:run"])
        allowed = await fleet.post_job({"workflow": "sketch@2"}, **author)
        refused = await fleet.post_job({"workflow": "sketch@2"}, **user)
        other = await fleet.post_job({"workflow": "sketch@1"}, **user)

        assert (shown["versions"], shown["drafts"]) == ([1], [2])
        assert (allowed.status_code, refused.status_code, other.status_code) == (201, 403, 201)
        assert refused.json()["type"] == "urn:comfyfleet:problem:draft"
        assert refused.json()["errors"][0]["path"] == "workflow"


async def test_what_was_taken_out_of_its_folder_cannot_be_run_by_number(nats: NatsServer) -> None:
    async with a_registry(nats) as (fleet, registry, _):
        hash_ = (await fleet.client.get(f"{PATH}/solid")).json()["hash"]
        await registry.tell("gone", versions={1: hash_}, active_version=None)
        await eventually(partial(is_known, fleet, "gone"))
        refused = await fleet.post_job({"workflow": "gone@1"})

        assert refused.status_code == 404
        assert refused.json()["type"] == "urn:comfyfleet:problem:withdrawn"
        assert (await fleet.client.get(f"{PATH}/gone@1")).is_success


async def listed(fleet: Fleet) -> dict[str, dict[str, Any]]:
    items = (await fleet.client.get(PATH)).json()["items"]
    return {item["name"]: item for item in items}


async def is_known(fleet: Fleet, name: str) -> bool:
    return name in await listed(fleet)

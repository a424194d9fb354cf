"""The gateway lists workflows, and reports its version and readiness."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter

from contracts.registry.workflows import FolderReading, WorkflowEntry
from contracts.services import WORKFLOWS
from contracts.values import Unmet
from runtime.cursor import Cursors
from runtime.outbox.messages import delete, put
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import a_fleet


async def test_workflows_are_listed_shown_and_described_by_a_schema(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        get = fleet.client.get
        listed = (await get("/v1/workflows")).json()["items"]
        shown = (await get("/v1/workflows/solid")).json()
        schema = await get("/v1/workflows/solid@1/schema")
        same = await get(
            "/v1/workflows/solid/schema", headers={"If-None-Match": schema.headers["etag"]}
        )

        assert {"solid", "composite"} <= {item["name"] for item in listed}
        assert shown["inputs"] == ["width", "height", "color", "batch_size"]
        assert shown["example"] == {"width": 256, "height": 256, "color": 3368601}
        assert schema.json()["properties"]["width"]["default"] == 256
        assert same.status_code == 304


async def test_the_list_says_which_workflows_can_run(nats: NatsServer) -> None:
    lacks = [Unmet(kind="class", name="KSampler", message="no")]
    entries: dict[str, dict[str, Any]] = {
        "able": {"active_version": 1, "is_runnable": True},
        "draft": {"active_version": None, "drafts": [1], "is_runnable": True},
        "off": {"active_version": 1, "is_enabled": False, "is_runnable": True},
        "unable": {"active_version": 1, "is_runnable": False, "unmet": lacks},
        "unknown": {"active_version": 1},
    }
    async with a_fleet(nats) as fleet:
        for name, fields in entries.items():
            about = {"name": name, "title": name, "category": "image", "versions": {1: "h" * 64}}
            entry = WorkflowEntry.model_validate({**about, **fields})
            await publish(fleet.registry, [put(WORKFLOWS, f"name.{name}", entry)])

        async def listed() -> dict[str, Any]:
            found = (await fleet.client.get("/v1/workflows")).json()["items"]
            return {item["name"]: item for item in found}

        async def is_whole() -> bool:
            return entries.keys() <= (await listed()).keys()

        await eventually(is_whole)
        shown = await listed()

    assert {name: shown[name]["is_runnable"] for name in entries} == {
        "able": True,
        "draft": False,
        "off": False,
        "unable": False,
        "unknown": None,
    }
    assert [entry["name"] for entry in shown["unable"]["unmet"]] == ["KSampler"]


async def test_until_the_folder_was_read_nothing_is_said_to_be_missing(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job: dict[str, object] = {"workflow": "about_to_exist", "inputs": {}}

        async def statuses() -> list[int]:
            answers = [
                await fleet.client.get("/readyz"),
                await fleet.client.get("/v1/workflows"),
                await fleet.client.get("/v1/workflows/about_to_exist"),
                await fleet.post_job(job),
            ]
            assert all("Retry-After" in one.headers for one in answers if one.status_code == 503)
            return [one.status_code for one in answers]

        async def are(*wanted: int) -> bool:
            return await statuses() == [*wanted]

        await publish(fleet.registry, [delete(WORKFLOWS, "folder")])
        await eventually(lambda: are(503, 503, 503, 503))
        assert (await fleet.client.get("/v1/workflows/solid")).status_code == 200
        await publish(fleet.registry, [put(WORKFLOWS, "folder", FolderReading())])
        await eventually(lambda: are(200, 200, 404, 404))


async def test_workflows_are_listed_by_category_and_by_whether_they_run(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:

        async def names(**params: str) -> set[str]:
            answer = await fleet.client.get("/v1/workflows", params=params)
            return {item["name"] for item in answer.json()["items"]}

        shipped = {"solid", "composite", "upscale"}  # others of this session's NATS may be there
        assert shipped & await names(category="image") == {"upscale"}
        assert shipped & await names(category="utility", is_active="true") == {"solid", "composite"}
        assert shipped & await names(is_active="false") == set()
        page = (await fleet.client.get("/v1/workflows?limit=2")).json()
        first = {item["name"] for item in page["items"]}
        rest = await names(cursor=page["next_cursor"])
        assert (len(first), first & rest, first | rest) == (2, set(), await names())
        of_jobs = Cursors("jobs", TypeAdapter(str)).write("a")
        queries = ("category=x", "kind=x", "cursor=upscale", f"cursor={of_jobs}")
        odd = [await fleet.client.get(f"/v1/workflows?{query}") for query in queries]
        assert [answer.status_code for answer in odd] == [422] * 4
        assert [answer.json()["type"] for answer in odd[2:]] == [
            "urn:comfyfleet:problem:bad_cursor"
        ] * 2


async def test_an_owner_that_is_away_is_503_with_retry_after(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        answer = await fleet.client.delete(f"/v1/nodes/{uuid4()}", timeout=10)

        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1


async def test_the_reference_docs_are_complete_and_need_no_internet(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        answer = await fleet.client.get("/openapi.json")
        known = await fleet.client.get(
            "/openapi.json", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (known.status_code, known.content) == (304, b"")
        document = answer.json()
        page = await fleet.client.get("/docs")
        script = await fleet.client.get("/docs.js")

        schemas = document["components"]["schemas"]
        components = {
            f"#/components/{group}/{name}"
            for group, parts in document["components"].items()
            for name in parts
        }
        assert set(references(document)) <= components
        assert "/v1/jobs/{job_id}/events" in document["paths"]
        undescribed = [
            f"{name}.{field}"
            for name, schema in schemas.items()
            for field, part in schema.get("properties", {}).items()
            if "description" not in part
        ]
        assert undescribed == []
        assert "://" not in page.text
        assert script.headers["content-type"].startswith("text/javascript")


async def test_it_says_that_it_lives_works_and_which_release_it_is(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        assert (await fleet.client.get("/healthz")).text == "ok\n"
        assert (await fleet.client.get("/readyz")).text == "ok\n"
        assert (await fleet.client.get("/version")).json()["name"] == "comfyfleet"


def references(part: Any) -> Iterator[str]:
    """Targets of every `$ref`, found in the text: they are the same wherever they stand."""
    yield from re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(part))

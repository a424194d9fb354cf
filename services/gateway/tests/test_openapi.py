"""The OpenAPI document is one that generators of clients and validators accept."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from openapi_spec_validator import validate

from contracts.agent import Cause
from gateway.app import ROUTERS
from gateway.http.access import AdmitsActor
from gateway.http.answers import HEADERS_OF_STATUS
from gateway.http.application import application
from gateway.http.bodies import ReadsBody
from gateway.http.openapi import dependencies_of

PUBLIC = {
    "getRoot",
    "getVersion",
    "getHealth",
    "getReadiness",
    "getSpecSchema",
    "issueToken",
    "refreshSession",
    "endSession",
    "usePasswordLink",
}
PROBLEM = "application/problem+json"
FILLERS = {"", "Successful Response", "Additional Response"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return application(ROUTERS, "0").openapi()


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def answers(document: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for operation in operations(document):
        for status, found in operation["responses"].items():
            yield operation["operationId"], int(status), found


def answer(document: dict[str, Any], operation_id: str, status: int) -> dict[str, Any]:
    found = [a for name, code, a in answers(document) if (name, code) == (operation_id, status)]
    return found[0] if found else {}


def headers(document: dict[str, Any], operation_id: str, status: int) -> set[str]:
    return set(answer(document, operation_id, status)["headers"])


def problems(document: dict[str, Any], operation_id: str, status: int) -> set[str]:
    content = answer(document, operation_id, status).get("content", {PROBLEM: {"examples": {}}})
    return set(content[PROBLEM]["examples"])


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_operation_has_a_name_for_clients_a_summary_and_a_known_tag(
    document: dict[str, Any],
) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names))
    assert {"createJob", "listJobs", "getJob", "cancelJob", "uploadMedia"} <= set(names)
    assert {"getMediaContent", "issueToken"} <= set(names)
    for operation in operations(document):
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"])
        assert operation["summary"]
        assert set(operation["tags"]) <= tags


def test_everything_has_a_description_of_its_own(document: dict[str, Any]) -> None:
    for operation in operations(document):
        name = operation["operationId"]
        assert operation["description"].endswith("."), name
        for parameter in operation["parameters"]:
            assert parameter["description"], (name, parameter["name"])
        for status, found in operation["responses"].items():
            assert found["description"] not in FILLERS, (name, status)
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for field, part in schema.get("properties", {}).items():
            assert part.get("description"), (name, field)


def test_no_two_paths_are_the_same_but_for_the_names_of_parameters(
    document: dict[str, Any],
) -> None:
    paths = [re.sub(r"{\w+}", "{}", path) for path in document["paths"]]
    assert len(paths) == len(set(paths))


def test_a_list_has_one_shape(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        properties = schema.get("properties", {}).keys()
        if name.endswith("Request"):  # a batch has items, and is no answer
            continue
        assert ("items" in properties) == name.endswith("Page"), name
        if "items" in properties:
            assert properties == {"items", "next_cursor"}, name
    for operation in operations(document):
        if operation["operationId"].startswith("list"):
            content = operation["responses"]["200"]["content"]["application/json"]
            assert model(content["schema"]).endswith("Page")


def test_public_operations_have_no_lock_and_all_others_have(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
    assert schemes["password"]["type"] == "oauth2"
    for operation in operations(document):
        is_public = operation["operationId"] in PUBLIC
        assert (operation["security"] == []) == is_public, operation["operationId"]
        if not is_public:
            assert operation["security"][:2] == [{"bearer": []}, {"password": []}]


def test_every_error_is_a_problem_with_an_example_of_each_type(document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    for name, status, found in answers(document):
        if status >= 400:
            [(kind, content)] = found["content"].items()
            assert (kind, content["schema"]) == (PROBLEM, schema), name
            for code, example in content["examples"].items():
                assert example == {"$ref": f"#/components/examples/{code}"}
                value = document["components"]["examples"][code]["value"]
                assert value["status"] == status, (name, code)
                assert value["type"].endswith(f":{code}")
                assert f"(`{code}`)" in found["description"]
                fits(document, schema, value)


def test_an_operation_declares_the_problems_that_it_answers_with(document: dict[str, Any]) -> None:
    assert {"not_found", "switched_off", "withdrawn"} <= problems(document, "createJob", 404)
    assert "not_found" in problems(document, "uploadMedia", 404)
    assert problems(document, "issueToken", 401) == {"bad_credentials"}
    assert problems(document, "refreshSession", 401) == {"bad_refresh_token"}
    assert problems(document, "getJob", 401) == {"unauthorized"}
    assert problems(document, "listWorkflows", 403) == {"missing_permission"}
    assert problems(document, "getMe", 403) == set()
    assert {"bad_link", "link_expired"} <= problems(document, "getMediaContent", 403)
    for name in ("getVersion", "getHealth", "getReadiness"):
        assert problems(document, name, 500) == {"internal"}
    assert problems(document, "getReadiness", 503) == {"unavailable"}


def test_headers_of_answers_are_declared(document: dict[str, Any]) -> None:
    created = {"Location", "Idempotency-Replayed", "Preference-Applied", "X-Request-ID"}
    assert headers(document, "createJob", 201) >= created
    assert headers(document, "uploadMedia", 201) >= {"Location", "Idempotency-Replayed"}
    content = {"ETag", "Accept-Ranges", "Content-Disposition", "Cache-Control"}
    assert headers(document, "getMediaContent", 200) >= content
    assert headers(document, "getMediaContent", 206) >= content | {"Content-Range"}
    assert "Content-Range" in headers(document, "getMediaContent", 416)
    assert "Content-Disposition" in headers(document, "downloadZip", 200)
    assert headers(document, "getWorkflowSchema", 304) >= {"ETag", "Cache-Control"}
    for name, status in (("issueToken", 200), ("refreshSession", 200), ("endSession", 204)):
        assert "Set-Cookie" in headers(document, name, status)
    for _, status, found in answers(document):
        assert found["headers"].keys() >= {"X-Request-ID", *HEADERS_OF_STATUS.get(status, ())}


def test_fields_that_are_always_sent_are_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("Job", "Media", "Progress", "JobPage", "NodeView", "Workflow", "Tokens"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
    assert schemas["BatchRequest"]["required"] == ["workflow"]


def test_events_are_described_by_name_with_their_data(document: dict[str, Any]) -> None:
    for path in ("/v1/events", "/v1/jobs/{job_id}/events"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        mapping = content["text/event-stream"]["schema"]["discriminator"]["mapping"]
        assert {"job.snapshot", "job.queued", "job.completed", "job.progress"} <= mapping.keys()


def test_every_body_and_every_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for operation in operations(document):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for kind, content in part.get("content", {}).items():
                schema = content["schema"]
                if kind == PROBLEM or schema.get("format") == "binary":
                    continue
                own = schemas.get(model(schema), {}).get("examples") or [content["example"]]
                fits(document, schema, own[0])


def fits(document: dict[str, Any], schema: Mapping[str, Any], example: Any) -> None:
    jsonschema_rs.validate({**schema, "components": document["components"]}, example)


def model(schema: Mapping[str, Any]) -> str:
    """Return the name of a schema; an inline schema has none."""
    return schema.get("$ref", "").rsplit("/", 1)[-1]


def test_no_body_is_read_before_its_caller_is_admitted() -> None:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIWebSocketRoute):
                continue
            assert isinstance(route, APIRoute)
            kinds = [
                kind
                for call in dependencies_of(route.dependant)
                for kind in (AdmitsActor, ReadsBody)
                if isinstance(call, kind)
            ]
            if ReadsBody in kinds and AdmitsActor in kinds:
                assert kinds.index(AdmitsActor) < kinds.index(ReadsBody), route.path


def test_descriptions_are_for_readers_of_json(document: dict[str, Any]) -> None:
    found = [text for text in texts(document) if re.search(r"\bNone\b(?!-)|\w/\w+\.py\b", text)]
    assert [text for text in found if "If-None-Match" not in text] == []


def texts(part: Any) -> Iterator[str]:
    """Yield every description in a part of the document."""
    match part:
        case dict():
            for key, value in part.items():  # pyright: ignore[reportUnknownVariableType] # JSON
                if key == "description" and isinstance(value, str):
                    yield value
                else:
                    yield from texts(value)
        case list():
            for item in part:  # pyright: ignore[reportUnknownVariableType] # JSON
                yield from texts(item)
        case _:
            pass


def test_every_cause_of_a_failure_is_described(document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]["JobError"]["properties"]["cause"]["description"]
    assert {cause for cause in Cause if f"`{cause}`" not in described} == set()

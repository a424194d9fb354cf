"""Completes the OpenAPI document that FastAPI derives from the signatures.

FastAPI finds paths, parameters and answers. Added here: bodies that dependencies read, error
answers and headers that follow from what an operation has, and the security schemes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic.json_schema import models_json_schema

from gateway.http.access import BEARER
from gateway.http.answers import (
    HEADERS,
    HEADERS_OF_PARAMETER,
    HEADERS_OF_STATUS,
    REF,
    Part,
    codes_of,
    declare_problems,
    problem_examples,
    sends,
)
from gateway.http.bodies import ReadsBody
from gateway.http.problem_types import PROBLEMS
from gateway.http.problems import URN, Problem

PASSWORD = "password"  # noqa: S105  # the name of a security scheme
TAGS = {
    "jobs": "Run workflows, follow the jobs and cancel them.",
    "batches": "Run a workflow up to a thousand times with one request.",
    "events": "Live events of jobs as server-sent events.",
    "media": "Pictures, masks, videos and files: upload, find, download, share.",
    "workflows": "Workflows by name: what runs, with which inputs; upload and activate versions.",
    "presets": "Inputs of a workflow under a name, own or shared.",
    "nodes": "ComfyUI servers of the fleet, for operators.",
    "usage": "GPU-seconds and ended jobs by day, owner, workflow and node.",
    "users": "Accounts of people, for those who administer them.",
    "webhooks": "URLs that get a signed request for each event of the caller's jobs, and the log.",
    "sessions": "Log in, refresh and end a session; the account of the caller.",
    "api keys": "Keys for programs, which act for a user with a part of the user's permissions.",
    "audit": "Logins and changes of users, roles and keys, for administrators.",
    "ops": "Health, readiness and version of the gateway.",
}
REQUEST_ID: Part = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Your id for this request, used in the logs: 1 to 64 of `[A-Za-z0-9._-]`.",
    "schema": {"type": "string"},
}
FILLER = "Successful Response"
"""FastAPI's description of an answer that has none."""


def describe(app: FastAPI) -> Part:
    """Return the OpenAPI document; it is made once."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="One service in front of any number of ComfyUI servers.",
        description=problem_table(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        contact={"name": "The operators of this fleet"},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/"}],
    )
    components = document["components"]
    schemas: Part = components["schemas"]
    for schema in schemas.values():  # these describe answers: bodies are added below
        require_all(schema)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    solved = dict(dependencies_by_operation(app))
    bodies = [call for calls in solved.values() for call in calls if isinstance(call, ReadsBody)]
    schemas.update(request_schemas(bodies))
    examples: Part = json.loads((files("gateway.http") / "examples.json").read_bytes())
    for name in schemas.keys() & examples.keys():
        schemas[name]["examples"] = [examples[name]]
    used: set[str] = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            used |= complete(path, operation, solved[path, method])
            describe_answers(operation, schemas, examples.get(operation["operationId"]))
    components["examples"] = problem_examples(examples["Problem"], used)
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    flow: Part = {"tokenUrl": "v1/auth/token", "scopes": {}}
    components["securitySchemes"][PASSWORD] = {
        "type": "oauth2",
        "description": "Exchanges user name and password for a token.",
        "flows": {"password": flow},
    }
    app.openapi_schema = document
    return document


def require_all(schema: Part) -> None:
    """Mark every property as always sent; only events leave nulls out (contracts/event.py)."""
    properties: Part = schema.get("properties", {})
    is_event = "occurred_at" in properties
    required = [
        name
        for name, part in properties.items()
        if not (is_event and {"type": "null"} in part.get("anyOf", ()))
    ]
    if required:
        schema["required"] = required


def dependencies_by_operation(app: FastAPI) -> Iterator[tuple[tuple[str, str], list[object]]]:
    """Yield path and method, and the dependencies of the endpoint there."""
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            calls = dependencies_of(getattr(context, "dependant", None))
            yield (context.path_format or "", method.lower()), list(calls)


def dependencies_of(dependant: Dependant | None) -> Iterator[object]:
    """Yield the callables that an endpoint depends on, in the order in which they run."""
    for needed in dependant.dependencies if dependant else ():
        yield from dependencies_of(needed)
        yield needed.call


def request_schemas(bodies: Iterable[ReadsBody]) -> Part:
    models = {model.__name__: model for body in bodies for model in body.content.values()}
    wanted: list[Any] = [(models[name], "validation") for name in sorted(models)]
    wanted.append((Problem, "serialization"))
    _, definitions = models_json_schema(wanted, ref_template=REF + "{model}")
    return definitions["$defs"]


def request_body(body: ReadsBody) -> Part:
    content = {
        kind: {"schema": {"$ref": REF + model.__name__}} for kind, model in body.content.items()
    }
    return {"required": body.is_required, "content": content}


def complete(path: str, operation: Part, dependencies: list[object]) -> set[str]:
    """Add body, security, problems and headers of one operation; return codes of its problems."""
    for call in dependencies:
        if isinstance(call, ReadsBody):
            operation["requestBody"] = request_body(call)
    operation.setdefault("security", [])
    if {BEARER: []} in operation["security"]:
        operation["security"].insert(1, {PASSWORD: []})
    parameters: list[Part] = operation.get("parameters", [])
    asked = {parameter["name"] for parameter in parameters}
    answers: dict[str, Part] = operation["responses"]
    codes = declare_problems(answers, {*codes_of(path, operation, dependencies, asked)})
    operation["parameters"] = [*parameters, REQUEST_ID]
    for status, answer in answers.items():
        sent = sends("X-Request-ID", *HEADERS_OF_STATUS.get(int(status), ()))["headers"]
        for name, (statuses, headers) in HEADERS_OF_PARAMETER.items():
            if name in asked and int(status) in statuses:
                sent |= sends(*headers)["headers"]
        answer["headers"] = sent | answer.get("headers", {})
        tidy(answer)
    return codes


def describe_answers(operation: Part, schemas: Part, example: Any) -> None:
    """Describe each answer as its model is described, and add the example of an inline schema."""
    for status, answer in operation["responses"].items():
        contents = answer.get("content", {}).values()
        found: list[Part] = [part.get("schema", {}) for part in contents]
        schema = found[0] if found else Part()
        if answer["description"] == FILLER:
            name = schema.get("$ref", "").removeprefix(REF)
            text = schemas[name]["description"] if name else "The request is done."
            answer["description"] = text.partition("\n\n")[0]
        if status == "200" and example is not None:
            for part in answer["content"].values():
                part["example"] = example


def tidy(answer: Part) -> None:
    """Remove `type: string`, which FastAPI puts beside the schema of an answer that streams."""
    for content in answer.get("content", {}).values():
        schema: Mapping[str, Any] = content.get("schema", {})
        if {"$ref", "oneOf", "anyOf"} & schema.keys():
            content["schema"] = {name: schema[name] for name in schema if name != "type"}


def problem_table() -> str:
    rows = "\n".join(
        f"| `{URN}{code}` | {status} | {title} |"
        for status, codes in PROBLEMS.items()
        for code, title in codes.items()
    )
    return f"Errors are RFC 9457 problems.\n\n| type | status | meaning |\n|---|---|---|\n{rows}\n"

"""Completes the OpenAPI document that FastAPI derives from the signatures.

FastAPI finds paths, parameters and answers. Added here: bodies that dependencies read, error
answers and headers that follow from what an operation has, and the security schemes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic.json_schema import models_json_schema

from gateway.http.access import BEARER
from gateway.http.bodies import ReadsBody
from gateway.http.headers import IDEMPOTENCY_REPLAYED
from gateway.http.problems import TITLES, URN, Problem

Part: TypeAlias = dict[str, Any]

REF = "#/components/schemas/"
PASSWORD = "password"  # noqa: S105  # the name of a security scheme
TAGS = {
    "jobs": "Run workflows, follow the jobs and cancel them.",
    "events": "Live events of jobs as server-sent events.",
    "media": "Pictures, masks, videos and files: upload, find, download, share.",
    "workflows": "Workflows by name: what runs, with which inputs; upload and activate versions.",
    "nodes": "ComfyUI servers of the fleet, for operators.",
    "session": "Log in, refresh and end a session; the account of the caller.",
    "ops": "Health, readiness and version of the gateway.",
}
ERRORS = {
    401: "The access token is missing or not valid.",
    403: "A permission is missing.",
    404: "It does not exist, or belongs to another user.",
    408: "The body took too long to arrive.",
    409: "The request conflicts with the current state.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    422: "The request is not valid; `errors` names each field.",
    429: "Too many requests; see `Retry-After`.",
    500: "The gateway failed; its log has the details under the request id.",
    503: "The service cannot do it now; see `Retry-After`.",
}
HEADERS = {
    "X-Request-ID": "Id of the request in the logs.",
    "Retry-After": "Seconds to wait before the next try.",
    "WWW-Authenticate": "The challenge of RFC 6750.",
    "ETag": "Tag of the content, for `If-None-Match`.",
    "Preference-Applied": "`wait=N`, if the answer waited for the end of the job.",
    IDEMPOTENCY_REPLAYED: "`true`: an earlier request with this idempotency key made the result.",
}
REQUEST_ID: Part = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Your id for this request, used in the logs: 1 to 64 of `[A-Za-z0-9._-]`.",
    "schema": {"type": "string"},
}
UNAUTHORIZED: dict[int | str, Part] = {401: {}}
FORBIDDEN: dict[int | str, Part] = {403: {}}
CONFLICT: dict[int | str, Part] = {409: {}}
"""Declare errors that do not follow from the signature."""


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
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/"}],
    )
    components = document["components"]
    schemas: Part = components["schemas"]
    for schema in schemas.values():  # these describe answers: bodies are added below
        require_all(schema)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    bodies = dict(bodies_of(app))
    schemas.update(request_schemas(bodies.values()))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if body := bodies.get((path, method)):
                operation["requestBody"] = request_body(body)
            complete(path, operation)
    examples: Part = json.loads((files("gateway.http") / "examples.json").read_bytes())
    for name, value in examples.items():
        schemas[name]["examples"] = [value]
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


def bodies_of(app: FastAPI) -> Iterator[tuple[tuple[str, str], ReadsBody]]:
    """Yield (path, method) and the dependency that reads the body there."""
    for context in iter_route_contexts(app.routes):
        for call in dependencies_of(getattr(context, "dependant", None)):
            if isinstance(call, ReadsBody):
                for method in context.methods or ():
                    yield (context.path_format or "", method.lower()), call


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


def complete(path: str, operation: Part) -> None:
    """Add the security, the error answers and the headers of one operation."""
    operation.setdefault("security", [])
    if {BEARER: []} in operation["security"]:
        operation["security"].insert(1, {PASSWORD: []})
    answers: dict[str, Part] = operation["responses"]
    for status in errors_of(path, operation):
        content = {"application/problem+json": {"schema": {"$ref": REF + Problem.__name__}}}
        answers[str(status)] = {"description": ERRORS[status], "content": content}
    asked = {parameter["name"] for parameter in operation.get("parameters", ())}
    operation["parameters"] = [*operation.get("parameters", ()), REQUEST_ID]
    for status, answer in answers.items():
        names = ["X-Request-ID", *headers_of(int(status), asked)]
        links = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        answer["headers"] = {**links, **answer.get("headers", {})}
        tidy(answer)


def errors_of(path: str, operation: Part) -> set[int]:
    """Return the error statuses that follow from what an operation has."""
    found = {int(status) for status in operation["responses"]} & ERRORS.keys()
    if path.startswith("/v1"):
        found |= {429, 500, 503}
    if operation["security"]:
        found |= {401, 403}
    if "{" in path:
        found |= {404, 422}
    if operation.get("parameters"):
        found |= {422}
    if "requestBody" in operation:
        found |= {408, 413, 415, 422}
    return found


def headers_of(status: int, asked: set[str]) -> Iterator[str]:
    if status in (429, 503):
        yield "Retry-After"
    if status == 401:  # noqa: PLR2004  # as in the RFC
        yield "WWW-Authenticate"
    if status >= 400:  # noqa: PLR2004  # the errors
        return
    if "Idempotency-Key" in asked:
        yield IDEMPOTENCY_REPLAYED
    if "Prefer" in asked:
        yield "Preference-Applied"
    if "If-None-Match" in asked:
        yield "ETag"


def tidy(answer: Part) -> None:
    """Remove `type: string`, which FastAPI puts beside the schema of an answer that streams."""
    for content in answer.get("content", {}).values():
        schema: Mapping[str, Any] = content.get("schema", {})
        if {"$ref", "oneOf", "anyOf"} & schema.keys():
            content["schema"] = {name: schema[name] for name in schema if name != "type"}


def problem_table() -> str:
    rows = "\n".join(f"| `{URN}{code}` | {title} |" for code, title in TITLES.items())
    return f"Errors are RFC 9457 problems.\n\n| type | meaning |\n|---|---|\n{rows}\n"

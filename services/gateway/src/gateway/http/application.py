"""Builds the FastAPI application: its routers, and how every failure is answered."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from contracts.errors import OperationError
from contracts.field_errors import field_errors
from gateway.http.admission import limited_headers
from gateway.http.bodies import invalid_fields
from gateway.http.conditional import etag_of, tagged
from gateway.http.openapi import describe
from gateway.http.problems import PROBLEM_JSON, RefusedError, from_operation, problem
from gateway.http.statuses import GENERIC

TOO_MANY = 429
ROUTING = {
    404: "there is nothing at this path; /openapi.json lists all paths",
    405: "this path does not take this method; the header Allow lists the others",
}


def application(routers: Iterable[APIRouter], version: str) -> FastAPI:
    app = FastAPI(
        title="ComfyFleet",
        version=version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the middleware does that
        generate_unique_id_function=operation_id,
    )
    for router in routers:
        app.include_router(router)
    app.openapi = partial(describe, app)
    app.add_route("/openapi.json", document_of(app))
    for failure in (RefusedError, OperationError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(failure, failed)
    return app


def document_of(app: FastAPI) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the OpenAPI document, whose bytes all answers share.

    Everybody may ask for it, without a limit, so a client that has it gets no bytes.
    """

    @lru_cache(maxsize=1)
    def content(path_prefix: str) -> tuple[bytes, str]:
        document = app.openapi()
        prefixed = [{"url": path_prefix}] if path_prefix else []
        body = to_json(document | {"servers": [*prefixed, *document["servers"]]})
        return body, etag_of(body)

    async def get_document(request: Request) -> Response:
        client_etag = request.headers.get("if-none-match")
        return tagged(*content(request.scope["root_path"]), client_etag, "public, no-cache")

    return get_document


def operation_id(route: APIRoute) -> str:
    """Return `createJob` for the function `create_job`."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


async def failed(request: Request, error: Exception) -> Response:
    """Answer a failure as a problem; the middleware logs bugs of ours."""
    match error:
        case RefusedError():
            refused = error
        case OperationError():
            refused = from_operation(error)
        case RequestValidationError():  # a path, query or header parameter
            # after the place comes the name; positions in a repeated parameter follow
            found: list[Mapping[str, Any]] = list(error.errors())
            fields = [{**item, "loc": item["loc"][1:2]} for item in found]
            names = {name: None for item in fields for name in item["loc"]}
            refused = invalid_fields(field_errors(fields, names, "query"))
        case HTTPException():  # no route, or another method
            code = GENERIC.get(error.status_code, "malformed")
            headers = dict(error.headers or {})
            detail = ROUTING.get(error.status_code, str(error.detail))
            refused = RefusedError(error.status_code, code, detail, headers=headers)
        case _:
            detail = "the gateway failed; quote the request id when you report it"
            refused = RefusedError(500, "internal", detail)
    if refused.status == TOO_MANY:
        wait, most = refused.headers.get("Retry-After", "1"), request.app.state.access.burst
        refused.headers = limited_headers(most, wait) | refused.headers
    request_id = request.scope["state"]["request_id"]
    body = problem(refused, instance=request.url.path, request_id=request_id).model_dump_json()
    return Response(body, refused.status, refused.headers, PROBLEM_JSON)

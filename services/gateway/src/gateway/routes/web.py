"""The HTTP application: every route, and how failures are answered."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from contracts.errors import OperationError
from gateway.domain.problems import GENERIC, RefusedError, field_errors, from_operation
from gateway.routes.answers import problem_answer
from gateway.routes.openapi import describe


def web_app(routers: Iterable[APIRouter], version: str) -> FastAPI:
    app = FastAPI(
        title="ComfyFleet",
        version=version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the door does that
        default_response_class=Response,
    )
    for router in routers:
        app.include_router(router)
    app.openapi = partial(describe, app)
    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(OperationError, failed)
    app.add_exception_handler(RequestValidationError, not_valid)
    app.add_exception_handler(HTTPException, not_routed)
    app.add_exception_handler(Exception, crashed)
    return app


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101  # Starlette calls by type
    return problem_answer(error, request)


async def failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationError)  # noqa: S101  # Starlette calls by type
    return problem_answer(from_operation(error), request)


async def not_valid(request: Request, error: Exception) -> Response:
    """A path or query parameter that FastAPI read."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # Starlette calls by type
    found: list[Mapping[str, Any]] = list(error.errors())
    errors = field_errors([{**item, "loc": item["loc"][1:]} for item in found], "query")
    detail = f"{errors[0].path}: {errors[0].message}"
    return problem_answer(RefusedError(422, "invalid", detail, errors=errors), request)


async def not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # Starlette calls by type
    code = GENERIC.get(error.status_code, "malformed")
    headers = dict(error.headers or {})
    return problem_answer(
        RefusedError(error.status_code, code, str(error.detail), headers=headers), request
    )


async def crashed(request: Request, _: Exception) -> Response:
    """A bug of ours; the door logs it."""
    return problem_answer(
        RefusedError(500, "internal", "the gateway failed; say the request id"), request
    )

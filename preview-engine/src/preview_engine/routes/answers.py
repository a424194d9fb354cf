"""Builds answers like aiohttp's, which clients of ComfyUI expect."""

import json
from http import HTTPStatus
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

INTERNAL_ERROR = "500 Internal Server Error\n\nServer got itself in trouble"


class InternalError(Exception):
    """The request makes ComfyUI answer 500, where one would expect 400."""


def json_answer(content: object, status: int = 200) -> Response:
    body = json.dumps(content)
    return Response(body, status, {"Content-Type": "application/json; charset=utf-8"})


async def internal_error_answer(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse(INTERNAL_ERROR, 500)


async def missing_answer(request: Request, error: Exception) -> Response:
    """Answer an unknown route. ComfyUI takes an unknown path that is fetched for an editor file."""
    status = cast("HTTPException", error).status_code
    if request.method in ("GET", "HEAD"):
        return Response(status_code=404, media_type="application/octet-stream")
    return PlainTextResponse(f"{status}: {HTTPStatus(status).phrase}", status)


async def read_json(request: Request) -> Any:
    """Read the body; raise `InternalError` if it is not JSON."""
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InternalError from error


async def read_object(request: Request) -> dict[str, Any]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise InternalError
    return cast("dict[str, Any]", body)


def strings(value: object) -> list[str]:
    """Return the ids of a JSON list; raise `InternalError` for anything else."""
    if not isinstance(value, list):
        raise InternalError
    return [str(entry) for entry in cast("list[object]", value)]

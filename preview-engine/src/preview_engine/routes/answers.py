"""Answers as aiohttp gives them, which is what clients of ComfyUI are used to."""

import json
from http import HTTPStatus
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble"


class TroubleError(Exception):
    """A request that makes ComfyUI stumble: it answers 500 where one would expect 400."""


def json_answer(content: object, status: int = 200) -> Response:
    body = json.dumps(content)
    return Response(body, status, {"Content-Type": "application/json; charset=utf-8"})


def text_answer(text: str, status: int) -> Response:
    return Response(text, status, {"Content-Type": "text/plain; charset=utf-8"})


async def trouble_answer(_request: Request, _error: Exception) -> Response:
    return text_answer(TROUBLE, 500)


async def missing_answer(request: Request, error: Exception) -> Response:
    """No such route. ComfyUI takes every unknown path that is fetched for a file of its editor."""
    status = cast("HTTPException", error).status_code
    if request.method in ("GET", "HEAD"):
        return Response(status_code=404, media_type="application/octet-stream")
    return text_answer(f"{status}: {HTTPStatus(status).phrase}", status)


async def read_json(request: Request) -> Any:
    """The body; what is no JSON is trouble."""
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise TroubleError from error


async def read_object(request: Request) -> dict[str, Any]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise TroubleError
    return cast("dict[str, Any]", body)


def strings(value: object) -> list[str]:
    """A JSON list of ids; anything else is trouble."""
    if not isinstance(value, list):
        raise TroubleError
    return [str(entry) for entry in cast("list[object]", value)]

"""Bodies and headers, read as the hostile input that they are."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from contracts.access import IdempotencyKey
from contracts.errors import FieldError
from gateway.domain.problems import RefusedError, field_errors

M = TypeVar("M", bound=BaseModel)

BODY_SECONDS = 30.0
LONGEST_WAIT = 60
KEY = re.compile(r"[\x21-\x7e]{1,255}")
PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])")


async def read_bytes(request: Request) -> bytes:
    """The whole body; how large it may be is the door's business."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.body()
    except TimeoutError as error:
        raise RefusedError(408, "too_slow", "the body did not arrive in time") from error
    except ClientDisconnect as error:
        raise malformed("body", "incomplete", "the body is incomplete") from error


async def read_json(request: Request, model: type[M]) -> tuple[M, bytes]:
    """A JSON body as `model`, and its raw bytes."""
    wanted = "application/json"
    if content_type(request) != wanted:
        raise RefusedError(415, "unsupported_media_type", f"expected {wanted}")
    body = await read_bytes(request)
    return parse_json(body, model), body


def parse_json(body: bytes, model: type[M]) -> M:
    """Strict JSON only: no NaN, no broken UTF-8, no nesting bombs, no NUL (Postgres has none)."""
    try:
        value = from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        raise malformed("body", "bad_json", f"not valid JSON: {str(error)[:200]}") from error
    if b"\\u0000" in body or b"\0" in body:
        refuse_nul(value, "")
    return validated(model, value, root="body")


def validated(model: type[M], value: Any, root: str = "") -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = field_errors([dict(item) for item in found], root)
        detail = f"{errors[0].path}: {errors[0].message}"
        raise RefusedError(422, "invalid", detail, errors=errors) from None


def refuse_nul(value: Any, path: str) -> None:
    """Raise 422 naming the place of a NUL character; the parser bounds the depth."""
    match value:
        case str() if "\0" in value:
            raise malformed(path or "body", "nul_character", "a NUL character is not text")
        case dict():
            for key, item in cast("dict[str, Any]", value).items():
                refuse_nul(str(key), path)
                refuse_nul(item, f"{path}.{key}" if path else str(key))
        case list():
            for index, item in enumerate(cast("list[Any]", value)):
                refuse_nul(item, f"{path}.{index}")
        case _:
            pass


def malformed(path: str, code: str, message: str, status: int = 422) -> RefusedError:
    errors = [FieldError(path=path, code=code, message=message)]
    return RefusedError(status, "malformed", f"{path}: {message}", errors=errors)


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def idempotency_key(headers: Mapping[str, str], digest: str) -> IdempotencyKey | None:
    key = idempotency_name(headers)
    return IdempotencyKey(key=key, body_digest=digest) if key else None


def idempotency_name(headers: Mapping[str, str]) -> str | None:
    key = headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        message = "expected 1 to 255 visible ASCII characters"
        raise malformed("Idempotency-Key", "invalid", message)
    return key


def wait_seconds(headers: Mapping[str, str]) -> int:
    """N of `Prefer: wait=N` (RFC 7240), at most 60; 0 if there is none."""
    found = PREFER_WAIT.search(headers.get("prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0

"""Reads bodies as the hostile input that they are: bounded, in time, strict.

`body: Body[JobRequest]` in a signature reads strict JSON: no NaN, no broken UTF-8, no nesting
bombs, no NUL. Dependencies are solved in the order of the signature, so a body that stands after
the caller is read after the caller was admitted. The middleware bounds the size.
"""

import asyncio
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast, get_args

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from contracts.errors import FieldError
from contracts.field_errors import field_errors
from gateway.http.problems import RefusedError

M = TypeVar("M", bound=BaseModel)
B = TypeVar("B")

BODY_SECONDS = 30.0
JSON = "application/json"
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


class Strict(BaseModel):
    """A request whose unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadsBody:
    """A dependency that reads the body; `content` documents it by content type."""

    def __init__(self, content: Mapping[str, type[BaseModel]], *, is_required: bool = True) -> None:
        self.content = content
        self.is_required = is_required


class JsonBody(ReadsBody, Generic[M]):
    """Reads the body as strict JSON; None if there is none and none is required."""

    def __init__(self, model: type[M], *, is_required: bool = True) -> None:
        super().__init__({JSON: model}, is_required=is_required)
        self._model = model

    async def __call__(self, request: Request) -> M | None:
        if not self.is_required and not await read_bytes(request):
            return None
        return await read_json(request, self._model)


class FormBody(ReadsBody, Generic[M]):
    """Reads a form of plain fields."""

    def __init__(self, model: type[M]) -> None:
        super().__init__({URLENCODED: model})
        self._model = model

    async def __call__(self, request: Request) -> M:
        require_content_type(request, URLENCODED)
        await read_bytes(request)
        expected = "expected username=…&password=…, percent-encoded"
        fields = dict(await read_form(request, expected, max_fields=20))
        refuse_nul(fields, "")
        return validated(self._model, fields)


if TYPE_CHECKING:
    Body = Annotated[B, "strict JSON"]
else:

    class Body:
        """Marks a parameter as the JSON body: `Body[JobRequest]`, `Body[JobRequest | None]`."""

        def __class_getitem__(cls, model: Any) -> Any:
            parts = get_args(model) or (model,)
            reader = JsonBody(parts[0], is_required=NoneType not in parts)
            return Annotated[model, Depends(reader)]


async def read_bytes(request: Request) -> bytes:
    """Return the whole body; the request keeps it, so that it can be asked for again."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.body()
    except TimeoutError as error:
        raise RefusedError(408, "too_slow", "the body did not arrive in time") from error
    except ClientDisconnect as error:
        raise malformed("body", "incomplete", "the body is incomplete") from error


async def read_json(request: Request, model: type[M]) -> M:
    require_content_type(request, JSON)
    body = await read_bytes(request)
    try:
        value = from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        raise malformed("body", "bad_json", f"not valid JSON: {str(error)[:200]}") from error
    if b"\\u0000" in body or b"\0" in body:
        refuse_nul(value, "")
    return validated(model, value, root="body")


async def read_form(request: Request, expected: str, **limits: int) -> FormData:
    """Return the parts of a form, files spooled to disk; the caller closes it."""
    try:
        return await request.form(**limits)
    except (HTTPException, FormParserError, UnicodeError) as error:  # Python knows odd charsets
        raise malformed("body", "bad_form", expected) from error
    except ClientDisconnect as error:
        raise malformed("body", "incomplete", "the body is incomplete") from error


def validated(model: type[M], value: Any, root: str = "") -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid_fields(field_errors(found, value, root)) from None


def invalid_fields(errors: list[FieldError]) -> RefusedError:
    return RefusedError(422, "invalid", f"{errors[0].path}: {errors[0].message}", errors=errors)


def refuse_nul(value: Any, path: str) -> None:
    """Raise RefusedError (422) with the path of a NUL character, which Postgres cannot store.

    The JSON parser bounds the depth.
    """
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


def malformed(path: str, code: str, message: str) -> RefusedError:
    errors = [FieldError(path=path, code=code, message=message)]
    return RefusedError(422, "malformed", f"{path}: {message}", errors=errors)


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def require_content_type(request: Request, wanted: str) -> None:
    if content_type(request) != wanted:
        raise RefusedError(415, "unsupported_media_type", f"expected {wanted}")

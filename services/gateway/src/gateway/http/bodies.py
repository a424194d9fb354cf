"""Reads bodies as the hostile input that they are: bounded, in time, strict.

`body: Body[JobRequest]` in a signature reads strict JSON: no NaN, no broken UTF-8, no nesting
bombs, no NUL, no repeated keys, no text in place of a number or of true. Dependencies are solved in
the order of the signature, so a body that stands after the caller is read after the caller was
admitted. The middleware bounds the size.
"""

import asyncio
import json
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
from contracts.field_errors import LONGEST_STEP, field_errors
from gateway.http.problems import RefusedError
from workflows.json_values import is_array, is_object

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
    refuse_repeated_keys(body)
    try:
        # strict, and unlike a check of `value` it takes texts for ids and times
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise invalid_body(error, value, root="body") from None


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
        raise invalid_body(error, value, root) from None


def invalid_body(error: ValidationError, value: Any, root: str) -> RefusedError:
    found = error.errors(include_url=False, include_input=False)
    return invalid_fields(field_errors(found, value, root))


def invalid_fields(errors: list[FieldError]) -> RefusedError:
    return RefusedError(422, "invalid", f"{errors[0].path}: {errors[0].message}", errors=errors)


def refuse_repeated_keys(body: bytes) -> None:
    """Raise RefusedError (422) with the path of a key that an object has twice.

    Parsers take the last or the first value, so two readers of one body can read two requests.
    """
    repeated: list[tuple[dict[str, Any], str]] = []

    def unite(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        united = dict[str, Any]()
        for key, value in pairs:
            if key in united:
                repeated.append((united, key))
            united[key] = value
        return united

    value = json.loads(body, object_pairs_hook=unite)
    if repeated:
        object_, key = repeated[-1]  # it closed last, so no other repeated key has dropped it
        path = ".".join([*(steps_to(object_, value) or ()), key[:LONGEST_STEP]])
        raise malformed(path, "repeated_key", "this key appears twice")


def steps_to(wanted: dict[str, Any], value: Any) -> list[str] | None:
    """Return the steps from a value to an object in it; the JSON parser bounds the depth."""
    if value is wanted:
        return []
    items = value.items() if is_object(value) else enumerate(value) if is_array(value) else ()
    for step, inner in items:
        if (rest := steps_to(wanted, inner)) is not None:
            return [str(step)[:LONGEST_STEP], *rest]
    return None


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

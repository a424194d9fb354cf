"""Conditional requests (RFC 9110, 13): an ETag for each answer, and 304 to clients that have it."""

import hashlib
from typing import Annotated, Any, TypeAlias

from fastapi import Header, Response
from pydantic import BaseModel
from pydantic_core import to_json

ClientEtag: TypeAlias = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The `ETag` that you have; 304 if it is current."),
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not modified: you have the current content."}
}


def is_current(etag: str, header: str | None) -> bool:
    """Return whether `If-None-Match` names this tag."""
    tags = (header or "").split(",")
    return etag in {tag.strip().removeprefix("W/") for tag in tags}


def document(
    content: BaseModel | dict[str, Any], client_etag: str | None, caching: str = "private, no-cache"
) -> Response:
    """Answer JSON with an ETag of its bytes; 304 to a client that has it."""
    body = to_json(content)
    return tagged(body, etag_of(body), client_etag, caching)


def etag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def tagged(body: bytes, etag: str, client_etag: str | None, caching: str) -> Response:
    headers = {"ETag": etag, "Cache-Control": caching}
    if is_current(etag, client_etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")

"""Conditional requests (RFC 9110, 13): entity tags of answers, and clients that know them."""

import hashlib
from typing import Annotated, Any, TypeAlias

from fastapi import Header, Response
from pydantic import BaseModel
from pydantic_core import to_json

KnownTag: TypeAlias = Annotated[
    str | None,
    Header(
        alias="If-None-Match", description="The `ETag` that the client has; 304 if it is current."
    ),
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it already."}}


def is_known(etag: str, header: str | None) -> bool:
    """Whether `If-None-Match` names this tag."""
    known = (header or "").split(",")
    return etag in {tag.strip().removeprefix("W/") for tag in known}


def document(
    content: BaseModel | dict[str, Any], known: str | None, caching: str = "private, no-cache"
) -> Response:
    """Answer JSON with an ETag of its bytes; 304 to a client that has it."""
    body = to_json(content)
    etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": caching}
    if is_known(etag, known):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")

"""Downloads the content of a media: ranges, caching, and nothing that a browser would run."""

from contextlib import AsyncExitStack
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.media.files import LocateContent, MediaView, Rendition
from gateway.http.access import BEARER, admission_of
from gateway.http.conditional import NOT_MODIFIED, KnownTag, is_known
from gateway.http.ranges import asked_part
from gateway.http.streaming import LongAnswer
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1/media", tags=["media"])

YEAR = 31_536_000
SHARED_SECONDS = 60
"""Caches may open a revoked link for this much longer."""
LOCATE_SECONDS = 30.0
"""A thumbnail that does not exist yet is made first."""
LARGEST_WIDTH = 1024
SAFE_INLINE = ("image/", "video/", "audio/")
BYTES: dict[str, Any] = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
}


async def wanted_content(  # noqa: PLR0913, PLR0917  # one for each parameter
    request: Request,
    gateway: CurrentGateway,
    media_id: UUID,
    width: Annotated[
        int | None,
        Query(ge=1, le=LARGEST_WIDTH, description="A thumbnail at least this wide or high: 256, …"),
    ] = None,
    link: Annotated[str | None, Query(description="A share link, instead of a token.")] = None,
    exp: Annotated[str, Query(description="Unix seconds until which the link opens.")] = "",
    sig: Annotated[
        str | None, Query(description="Signature of the link, instead of a token.")
    ] = None,
) -> LocateContent:
    """Check the right to the content: a token, or a signed link, which has no actor."""
    actor, link_id = None, None
    if sig is None:
        actor = admission_of(request).visit(request, Permission.MEDIA_READ).actor
    elif link is not None:
        link_id = gateway.links.check_shared(media_id, link, sig)
    else:
        gateway.links.check(media_id, exp, sig)
    return LocateContent(actor=actor, media_id=media_id, width=width, link_id=link_id)


@router.head("/{media_id}/content", include_in_schema=False)
@router.get(
    "/{media_id}/content",
    summary="Download a media",
    response_class=StreamingResponse,
    response_description="The content.",
    responses={
        200: BYTES,
        206: {"description": "The range."} | BYTES,
        307: {
            "description": "The content is at the public store.",
            "headers": {"Location": {"schema": {"type": "string"}, "description": "Its URL."}},
        },
        416: {"description": "The range is outside of the content."},
        **NOT_MODIFIED,
    },
    openapi_extra={"security": [{BEARER: []}, {}]},
)
async def get_media_content(
    request: Request,
    gateway: CurrentGateway,
    wanted: Annotated[LocateContent, Depends(wanted_content)],
    known: KnownTag = None,
    range_: Annotated[
        str | None,
        Header(alias="Range", description="One range of bytes (RFC 9110); of several, all bytes."),
    ] = None,
    if_range: Annotated[
        str | None, Header(alias="If-Range", description="Ignore `Range` unless this is the ETag.")
    ] = None,
) -> Response:
    """Needs a token, or a signed link from an answer of the API."""
    found = await gateway.bus.call(wanted, within=LOCATE_SECONDS)
    headers = content_headers(found.media, found.rendition)
    etag, size = headers["ETag"], (found.rendition or found.media).size_bytes
    if wanted.link_id:
        headers["Cache-Control"] = f"private, max-age={SHARED_SECONDS}"
    if is_known(etag, known):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(size)})
    if found.public_url:
        return Response(status_code=307, headers={"Location": found.public_url})
    part = asked_part(range_, size) if if_range in (None, etag) else None
    return await download(gateway, found.url, {"Range": part.header} if part else {}, headers)


async def download(
    gateway: Gateway, url: str, asked: dict[str, str], headers: dict[str, str]
) -> Response:
    stack = AsyncExitStack()
    stored = await stack.enter_async_context(gateway.store.open(url, asked))
    for name in ("content-length", "content-range"):
        if name in stored.headers:
            headers[name] = stored.headers[name]
    return LongAnswer(stored.chunks, stack.aclose, headers=headers, status=stored.status)


def content_headers(media: MediaView, rendition: Rendition | None = None) -> dict[str, str]:
    content = rendition or media
    kind = content.content_type
    is_inline = kind.startswith(SAFE_INLINE) and "svg" not in kind
    name = quote(media.filename or str(media.id), safe="")
    place = "inline" if is_inline else "attachment"
    return {
        "Content-Type": kind,
        "Content-Disposition": f"{place}; filename*=UTF-8''{name}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": f"private, max-age={YEAR}, immutable",
        "ETag": f'"{content.blake3}"',
        "Accept-Ranges": "bytes",
    }

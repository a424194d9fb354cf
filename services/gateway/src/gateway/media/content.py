"""Downloads the content of a media: ranges, caching, and nothing that a browser would run."""

from contextlib import AsyncExitStack
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.content_types import content_disposition, content_type_header
from contracts.media.files import LocateContent, MediaView, Rendition
from gateway.http.access import BEARER, access_of
from gateway.http.answers import refusals, sends
from gateway.http.conditional import NOT_MODIFIED, ClientEtag, is_current
from gateway.http.ranges import asked_part
from gateway.http.streaming import LongAnswer
from gateway.media.requests import MediaId
from gateway.media.store import chunks_of
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1/media", tags=["media"])

YEAR = 31_536_000
SHARED_SECONDS = 60
"""A cache may serve a revoked link for this long."""
LOCATE_SECONDS = 30.0
"""A thumbnail that does not exist yet is made first."""
LARGEST_WIDTH = 1024
BYTES: dict[str, Any] = {
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    **sends("Content-Disposition", "Accept-Ranges"),
}


async def wanted_content(  # noqa: PLR0913, PLR0917  # one for each parameter
    request: Request,
    gateway: CurrentGateway,
    media_id: MediaId,
    width: Annotated[
        int | None,
        Query(
            ge=1,
            le=LARGEST_WIDTH,
            description="Thumbnail: at least this wide or high (256, 512, 1024).",
        ),
    ] = None,
    link: Annotated[str | None, Query(description="Id of a share link.")] = None,
    download: Annotated[  # noqa: FBT002  a parameter of the query
        bool, Query(description="`1`: a browser saves the content, whatever its type.")
    ] = False,
    exp: Annotated[str, Query(description="Unix time at which the signed link expires.")] = "",
    sig: Annotated[
        str | None, Query(description="Signature of a link; it replaces the token.")
    ] = None,
) -> LocateContent:
    """Check the right to the content: a token, or a signed link, which has no actor."""
    actor, link_id = None, None
    if sig is None:
        actor = access_of(request).admit(request, Permission.MEDIA_READ).actor
    elif link is not None:
        link_id = gateway.signer.check_shared(media_id, link, sig)
    else:
        gateway.signer.check(media_id, exp, sig)
    return LocateContent(
        actor=actor, media_id=media_id, width=width, link_id=link_id, is_download=download
    )


@router.head("/{media_id}/content", include_in_schema=False)
@router.get(
    "/{media_id}/content",
    summary="Download a media",
    response_class=StreamingResponse,
    response_description="The content.",
    responses={
        200: BYTES,
        206: BYTES
        | {"description": "The range."}
        | sends("Content-Disposition", "Accept-Ranges", "Content-Range"),
        307: {"description": "The content is in the public store, at `Location`."},
        304: NOT_MODIFIED[304] | sends("Content-Disposition", "Accept-Ranges"),
        **refusals(
            "missing_permission",
            "bad_link",
            "link_expired",
            "withheld",
            "no_thumbnail",
            "content_missing",
            "range_not_satisfiable",
            "store_unavailable",
            "too_many_transfers",
        ),
    },
    openapi_extra={"security": [{BEARER: []}, {}]},
)
async def get_media_content(
    request: Request,
    gateway: CurrentGateway,
    wanted: Annotated[LocateContent, Depends(wanted_content)],
    client_etag: ClientEtag = None,
    range_: Annotated[
        str | None,
        Header(
            alias="Range",
            description="One range of bytes (RFC 9110); a request for several gets all bytes.",
        ),
    ] = None,
    if_range: Annotated[
        str | None,
        Header(alias="If-Range", description="`Range` counts only if this is the current ETag."),
    ] = None,
) -> Response:
    """Needs a token, or a signed link that the API returned."""
    found = await gateway.bus.call(wanted, within=LOCATE_SECONDS)
    content = found.rendition or found.media
    headers = content_headers(found.media, content, is_download=wanted.is_download)
    etag = headers["ETag"]
    if wanted.link_id:
        headers["Cache-Control"] = f"private, max-age={SHARED_SECONDS}"
    if is_current(etag, client_etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(content.size_bytes)})
    if found.public_url:
        return Response(status_code=307, headers={"Location": found.public_url})
    part = asked_part(range_, content.size_bytes) if if_range in (None, etag) else None
    holders = holders_of(request, wanted, found.media)
    return await download(gateway, found.url, {"Range": part} if part else {}, headers, holders)


def holders_of(
    request: Request, wanted: LocateContent, media: MediaView
) -> dict[str, str | UUID | None]:
    """Return whose share of places the download takes.

    Readers with links take none of the owner's own.
    """
    if wanted.actor:
        return {"user": wanted.actor.user_id}
    address = request.client.host if request.client else ""
    return {"link": wanted.link_id or media.id, "owner": media.owner_id, "address": address}


async def download(
    gateway: Gateway,
    url: str,
    asked: dict[str, str],
    headers: dict[str, str],
    holders: dict[str, str | UUID | None],
) -> Response:
    async with AsyncExitStack() as opening:
        await opening.enter_async_context(gateway.downloads.place(**holders))
        stored = await opening.enter_async_context(gateway.store.open(url, asked))
        stack = opening.pop_all()
    for name in ("content-length", "content-range"):
        if name in stored.headers:
            headers[name] = stored.headers[name]
    # by the header, since rclone's S3 answers a range with status 200
    status = 206 if "content-range" in headers else 200
    return LongAnswer(chunks_of(stored), stack, headers=headers, status=status)


def content_headers(
    media: MediaView, content: MediaView | Rendition, *, is_download: bool
) -> dict[str, str]:
    filename = media.filename or str(media.id)
    return {
        "Content-Type": content_type_header(content.content_type),
        "Content-Disposition": content_disposition(
            content.content_type, filename, is_download=is_download
        ),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": f"private, max-age={YEAR}, immutable",
        "ETag": f'"{content.blake3}"',
        "Accept-Ranges": "bytes",
    }

"""Content of media over HTTP: ranges, caching, and nothing that a browser could run."""

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.media.files import LocateContent, MediaView, Rendition
from gateway.domain.links import check_shared, check_signature
from gateway.domain.ranges import asked_part
from gateway.ports import ObjectStore, Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import NO_STORE, parameter, problems
from gateway.routes.reading import malformed
from gateway.routes.sending import LongAnswer

YEAR = 31_536_000
SHARED_SECONDS = 60
"""A revoked link may open that much longer out of a cache."""
LOCATE_SECONDS = 30.0
"""A thumbnail that nobody made yet is made first."""
WIDTH, LARGEST_WIDTH = re.compile(r"[0-9]{1,4}"), 1024
SAFE_INLINE = ("image/", "video/", "audio/")
PARAMETERS = [
    parameter("w", "A thumbnail at least so wide or high: 256, 512, 1024.", place="query"),
    parameter("link", "A share link, instead of a token.", place="query"),
    parameter("exp", "Unix seconds until which the link is good.", place="query"),
    parameter("sig", "Signature of the link, instead of a token.", place="query"),
    parameter("Range", "One range of bytes (RFC 9110); several are answered with all."),
    parameter("If-None-Match", "The `ETag` that is known: 304 if it is still so."),
]


@dataclass(frozen=True, slots=True)
class ContentRoutes:
    admission: Admission
    owners: Owners
    store: ObjectStore
    secret: bytes

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/media", tags=["media"])
        binary: dict[str, Any] = {"content": {"application/octet-stream": {}}}
        router.add_api_route(
            "/{media_id}/content",
            self.content,
            summary="Download a media",
            description="With a token, or with a signed link as the API gives them out.",
            response_class=StreamingResponse,
            responses={
                200: {"description": "The content."} | binary,
                206: {"description": "The range."} | binary,
                307: {"description": "It is there, for clients outside."},
                304: {"description": "You have it already."},
                416: {"description": "The range is outside of the content."},
                **problems(401, 403, 404, 422, 503),
            },
            openapi_extra={"parameters": PARAMETERS},
        )
        router.add_api_route(
            "/{media_id}/content", self.content, methods=["HEAD"], include_in_schema=False
        )
        return router

    async def content(self, request: Request, media_id: UUID) -> Response:
        asked = self._admit(request, media_id)
        found = await self.owners.call(asked, within=LOCATE_SECONDS)
        headers = content_headers(found.media, found.rendition)
        if asked.link_id:
            headers["Cache-Control"] = f"private, max-age={SHARED_SECONDS}"
        if headers["ETag"] in etags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        size = (found.rendition or found.media).size_bytes
        if request.method == "HEAD":
            return Response(headers=headers | {"Content-Length": str(size)})
        if found.public_url:
            return Response(status_code=307, headers={"Location": found.public_url} | NO_STORE)
        return await self._download(found.url, asked_range(request, headers["ETag"], size), headers)

    def _admit(self, request: Request, media_id: UUID) -> LocateContent:
        """What the caller may ask for; without an actor if a link has the right by itself."""
        query = request.query_params
        width, actor, link_id = asked_width(query.get("w")), None, None
        if "sig" not in query:
            actor = self.admission.admit(request, Permission.MEDIA_READ)
        elif "link" in query:
            link_id = check_shared(media_id, query["link"], query["sig"], self.secret)
        else:
            now = self.admission.clock()
            check_signature(media_id, query.get("exp", ""), query["sig"], self.secret, now)
        return LocateContent(actor=actor, media_id=media_id, width=width, link_id=link_id)

    async def _download(
        self, url: str, wanted: dict[str, str], headers: dict[str, str]
    ) -> Response:
        stack = AsyncExitStack()
        stored = await stack.enter_async_context(self.store.open(url, wanted))
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


def asked_width(text: str | None) -> int | None:
    if text is None:
        return None
    if not WIDTH.fullmatch(text) or not 1 <= int(text) <= LARGEST_WIDTH:
        raise malformed("w", "invalid", f"expected a number from 1 to {LARGEST_WIDTH}")
    return int(text)


def etags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def asked_range(request: Request, etag: str, size: int) -> dict[str, str]:
    """The range to ask the store for; none if the client's part is of something else."""
    if request.headers.get("if-range", etag) != etag:
        return {}
    part = asked_part(request.headers.get("range"), size)
    return {"Range": part.header} if part else {}

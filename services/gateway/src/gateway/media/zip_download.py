"""Downloads many media as one ZIP file, streamed out of the store."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Annotated
from uuid import UUID
from zipfile import ZipFile

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from contracts.access import Actor, Permission
from contracts.errors import FieldError, ForbiddenError, InvalidError
from contracts.media.files import LocateContent, MediaView
from gateway.http.access import Allowed
from gateway.http.answers import refusals, sends
from gateway.http.bodies import Body
from gateway.http.streaming import LongAnswer
from gateway.media.finding import find_media
from gateway.media.requests import ZipRequest
from gateway.media.resources import is_withheld
from gateway.media.store import chunks_of
from gateway.media.zipper import Sink, entry, unique_names
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1/media", tags=["media"])

ZIP = "application/zip"
ZIP64_BYTES = 2**31 - 2**20
"""Larger entries need a format that some readers of streams do not know."""
HEADERS = {
    "Content-Type": ZIP,
    "Content-Disposition": 'attachment; filename="media.zip"',
    "Cache-Control": "no-store",
}


@router.post(
    "/zip",
    summary="Download many media as a ZIP file",
    response_class=StreamingResponse,
    response_description="The ZIP file. If the response ends early, the download has failed.",
    responses={
        200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}
        | sends("Content-Disposition"),
        **refusals("withheld", "store_unavailable", "too_many_transfers"),
    },
)
async def download_zip(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_READ)],
    wanted: Body[ZipRequest],
) -> LongAnswer:
    """The file is made while it is sent: at most 500 media, stored without compression."""
    media = await find_all(gateway, actor, wanted.media_ids)
    held = AsyncExitStack()
    await held.enter_async_context(gateway.zip_downloads.place(user=actor.user_id))
    return LongAnswer(zip_of(gateway, actor, media), held, headers=HEADERS)


async def find_all(gateway: Gateway, actor: Actor, media_ids: Sequence[UUID]) -> list[MediaView]:
    """Return the media in the requested order, each once.

    Raises InvalidError for unknown media, ForbiddenError for withheld ones.
    """
    wanted = list(dict.fromkeys(media_ids))
    found = await find_media(gateway.bus, actor, wanted)
    if missing := set(wanted) - {view.id for view in found}:
        message = "there is no such media"
        problems = [
            FieldError(path=f"media_ids.{n}", code="unknown_media", message=message)
            for n, media_id in enumerate(media_ids)
            if media_id in missing
        ]
        raise InvalidError(message, errors=problems[:100])
    if withheld := [view for view in found if is_withheld(view, actor)]:
        listed = ", ".join(str(view.id) for view in withheld[:100])
        text = f"these may hold the prompt and graph of their jobs: {listed}"
        raise ForbiddenError(text, code="withheld")
    max_bytes = gateway.settings.max_zip_bytes
    if sum(view.size_bytes for view in found) > max_bytes:
        message = f"expected at most {max_bytes} bytes in all"
        problem = FieldError(path="media_ids", code="too_big", message=message)
        raise InvalidError(message, errors=[problem])
    return found


async def zip_of(
    gateway: Gateway, actor: Actor, media: Sequence[MediaView]
) -> AsyncIterator[bytes]:
    """Yield the bytes of the ZIP file. A failure ends it early, which readers notice.

    Contents are copied uncompressed, since pictures and videos are compressed already.
    """
    sink = Sink()
    names = unique_names(view.filename or str(view.id) for view in media)
    with ZipFile(sink, "w") as zip_file:
        for view, name in zip(media, names, strict=True):
            # Each URL when it is needed: a long download outlives the first ones.
            located = await gateway.bus.call(LocateContent(actor=actor, media_id=view.id))
            is_large = view.size_bytes > ZIP64_BYTES
            with zip_file.open(entry(name, view.created_at), "w", force_zip64=is_large) as file:
                async with gateway.store.open(located.url, {}) as stored:
                    async for chunk in chunks_of(stored):
                        file.write(chunk)
                        yield sink.taken()
    yield sink.taken()

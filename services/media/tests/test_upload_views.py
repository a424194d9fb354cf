"""The view of an upload tells its original type, and the options of a mask."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from contracts.media.files import AcceptUpload, MaskOptions, MediaView
from contracts.values import MadeMask
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, encoded, gray
from .adapters.records import an_actor
from .fleet import Fleet, media

ORIENTATION = 0x0112
BLACK = gray([[0, 0]])
HALF = gray([[0, 255]])


@pytest.fixture
async def fleet(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> AsyncGenerator[Fleet, None]:
    async with media(nats, postgres, s3) as running:
        yield running


async def kept(fleet: Fleet, data: bytes, **fields: Any) -> MediaView:
    actor = an_actor()
    media_id: UUID = await fleet.upload(actor, data)
    command = {"actor": actor, "media_id": media_id, "kind": "image", **fields}
    return await fleet.accept(AcceptUpload.model_validate(command))


def turned_jpeg() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return encoded(a_picture(), "JPEG", exif=exif)


async def test_a_photo_that_becomes_png_is_named_so_and_says_what_it_was(fleet: Fleet) -> None:
    photo = turned_jpeg()
    view = await kept(fleet, photo, filename="IMG_1.JPEG")

    assert (view.content_type, view.filename) == ("image/png", "IMG_1.png")
    assert (view.source_content_type, view.source_size_bytes) == ("image/jpeg", len(photo))


async def test_a_drawing_that_is_a_program_is_kept_as_plain_text(fleet: Fleet) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    view = await kept(fleet, drawing, kind="file", filename="a.svg")

    assert (view.content_type, view.filename, view.mask) == ("text/plain", "a.svg", None)


async def test_a_mask_tells_what_it_was_made_with(fleet: Fleet) -> None:
    plain = await kept(fleet, encoded(HALF), kind="mask")
    options = MaskOptions(invert=True, feather=2, smooth=True, channel="luminance")
    soft = await kept(fleet, encoded(HALF), kind="mask", mask=options)
    clear = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    cut = await kept(fleet, encoded(clear), kind="mask", mask=MaskOptions(allow_empty=True))
    black = await kept(fleet, encoded(BLACK), kind="mask", mask=MaskOptions(allow_empty=True))

    made = {"channel": "luminance", "invert": False, "feather": 0, "smooth": False, "blank": None}
    assert plain.mask == MadeMask.model_validate(made)
    changed = {"invert": True, "feather": 2, "smooth": True}
    assert soft.mask == MadeMask.model_validate({**made, **changed})
    assert cut.mask == MadeMask.model_validate({**made, "channel": "alpha", "blank": "full"})
    assert black.mask == MadeMask.model_validate({**made, "blank": "empty"})

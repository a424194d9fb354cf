"""Every kind of result is given without prompt and graph, or is withheld."""

# PyAV leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import io
import re
import zlib
from pathlib import Path

import av
import pytest
from PIL import Image, ImageOps, ImageSequence

from contracts.content_types import EXTENSIONS, HEAD_BYTES, TEXT
from media.adapters.sandbox.decoder import load_decoder
from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.bare import CAN_BE_BARE, REMUXED, form_of
from media.domain.bare.exif import ORIENTATION, SIDEWAYS
from media.domain.bare.sound_tags import telling_head
from media.domain.inspection import Bounds, FileRefusedError, WorkTime

from .clips import SECRET
from .marked import BEFORE, BEHIND, BEHIND_TAGS, FORMATS, MARK, TURNED, heic
from .test_videos import samples

LIMITS = WorkerLimits(memory_bytes=480 * 1024**2, cpu_seconds=10, wall_seconds=60)
MARKS = [MARK[:8], *(SECRET.encode(form)[:16] for form in ("utf-16-le", "utf-16-be"))]
ZLIB_HEAD = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


async def stripped(folder: Path, data: bytes) -> bytes:
    (folder / "source").write_bytes(data)
    await ProcessSandbox(LIMITS, concurrency=1).strip(folder, WorkTime(60))
    return (folder / "target").read_bytes()


def told(data: bytes) -> bool:
    """Return whether the secret is in a file, as bytes or in a compressed text."""
    return any(mark in text for text in (data, *inflated(data)) for mark in MARKS)


def known(data: bytes) -> str | None:
    return form_of(telling_head(lambda place: data[place : place + HEAD_BYTES]))


def inflated(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    for head in ZLIB_HEAD.finditer(data):
        try:
            found.append(zlib.decompressobj().decompress(data[head.start() :]))
        except zlib.error:
            continue
    return found


def content(form: str, data: bytes) -> object:
    """Return all that is seen and heard."""
    if form in REMUXED:
        return samples(data)
    if form == "image/x-exr":
        with av.open(io.BytesIO(data), "r", format="exr_pipe") as opened:
            return [bytes(plane) for frame in opened.decode(video=0) for plane in frame.planes]
    if not form.startswith("image/") or form == "image/svg+xml":
        return None
    load_decoder(form)
    with Image.open(io.BytesIO(data)) as picture:
        frames = ImageSequence.Iterator(picture)
        return [(f.size, f.mode, f.tobytes(), f.info.get("duration")) for f in frames]


@pytest.mark.parametrize("name", FORMATS)
async def test_the_secret_is_gone_and_the_content_stays(name: str, tmp_path: Path) -> None:
    form, made = FORMATS[name]
    plain = made()
    data = BEFORE.get(name, b"") + plain + BEHIND.get(name.removesuffix(BEHIND_TAGS), MARK)
    assert known(data) == form
    kept = await stripped(tmp_path, data)
    assert known(kept) == form
    assert told(data)
    assert not told(kept)
    assert content(form, kept) == content(form, plain)
    assert await stripped(tmp_path, kept) == kept


def seen(data: bytes) -> tuple[tuple[int, int], bytes]:
    """Return the first frame as viewers show it."""
    with Image.open(io.BytesIO(data)) as picture:
        upright = ImageOps.exif_transpose(picture)
        return upright.size, upright.tobytes()


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("name", TURNED)
async def test_a_turned_picture_stays_turned_and_tells_nothing_else(
    name: str, turned: int, tmp_path: Path
) -> None:
    load_decoder(FORMATS[name][0])
    data = TURNED[name](turned)
    kept = await stripped(tmp_path, data + MARK)
    assert seen(kept) == seen(data)
    assert seen(data)[0] == ((30, 40) if turned in SIDEWAYS else (40, 30))
    assert told(data)
    assert not told(kept)
    said = dict(Image.open(io.BytesIO(kept)).getexif())
    assert name == "tiff" or said == ({ORIENTATION: turned} if turned > 1 else {})
    assert await stripped(tmp_path, kept) == kept


async def test_a_turned_heic_stays_turned(tmp_path: Path) -> None:
    load_decoder("image/heic")
    kept = await stripped(tmp_path, heic())
    assert seen(kept) == seen(heic())
    assert seen(kept)[0] == (30, 40)


async def test_an_exr_has_a_size_and_a_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(FORMATS["exr"][1]())
    seen = await ProcessSandbox(LIMITS, concurrency=1).preview(tmp_path, Bounds(1_000_000, 10))
    assert (seen.width, seen.height, seen.frame_count) == (40, 30, 1)
    assert seen.duration_seconds is None
    assert [small.width for small in seen.thumbnails] == [256]


def test_every_type_is_among_the_samples() -> None:
    without_encoder = {"video/ogg"}  # Theora, in the container of audio/ogg
    of_samples = {form for form, _ in FORMATS.values()}
    assert {*EXTENSIONS, *CAN_BE_BARE} == of_samples | without_encoder | {TEXT}


@pytest.mark.parametrize("text", [b'{"1": {"class_type": "X"}}', "a".encode("utf-16"), b"\xff\xfe"])
async def test_a_graph_and_what_is_no_text_are_no_plain_text(text: bytes, tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError):
        await stripped(tmp_path, text)


async def test_a_text_that_a_graph_wrote_stays(tmp_path: Path) -> None:
    text = b"a cat, a dog"
    assert await stripped(tmp_path, text) == text


@pytest.mark.parametrize("head", [b"PK\3\4", b"8BPS\0\1", b"\1\0\0\0", b"Kaydara FBX Binary  \0"])
def test_other_types_cannot_be_made_bare(head: bytes) -> None:
    assert form_of(head + bytes(500)) is None

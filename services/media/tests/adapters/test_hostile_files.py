"""Files made to hurt: each is refused with its reason, and the service lives on."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from contracts.errors import UnavailableError
from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import Bounds, FileRefusedError, WorkTime
from media.ports import InspectionRequest

from .pictures import a_picture, encoded, gray

LIMITS = WorkerLimits(memory_bytes=1024 * 1024**2, cpu_seconds=10, wall_seconds=60)


async def refusal(
    folder: Path,
    data: bytes,
    kind: str = "image",
    limits: WorkerLimits = LIMITS,
    max_pixels: int = 1_000_000,
) -> str:
    source = folder / "source"
    source.write_bytes(data)
    request = InspectionRequest(kind, Bounds(max_pixels, 10))
    with pytest.raises(FileRefusedError) as refused:
        await ProcessSandbox(limits, concurrency=1).inspect(folder, request)
    return refused.value.code


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def a_png(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


async def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert await refusal(tmp_path, b"") == "empty_file"


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"MZ\x90\0 photo.png",
        b"%!PS-Adobe-3.0",
        b"\0\0\0\x20ftypisom" + bytes(99),
        b"just text",
    ],
)
async def test_what_is_no_raster_picture_is_refused(data: bytes, tmp_path: Path) -> None:
    assert await refusal(tmp_path, data) == "wrong_content"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
async def test_half_a_picture_is_refused(form: str, tmp_path: Path) -> None:
    data = encoded(a_picture((200, 200)), form)
    assert await refusal(tmp_path, data[: len(data) // 2]) == "unreadable"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
async def test_a_first_line_alone_is_refused(form: str, tmp_path: Path) -> None:
    data = encoded(a_picture((200, 200)), form)
    assert await refusal(tmp_path, data[:40]) in ("unreadable", "wrong_content")


async def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    bomb = a_png(50_000, 50_000, zlib.compress(bytes(10_000_000)))
    assert len(bomb) < 20_000
    assert await refusal(tmp_path, bomb) == "too_many_pixels"


async def test_a_picture_just_over_the_limit_is_refused(tmp_path: Path) -> None:
    assert await refusal(tmp_path, encoded(Image.new("L", (1_001, 1_000)))) == "too_many_pixels"


async def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path: Path) -> None:
    assert await refusal(tmp_path, a_png(900, 900, zlib.compress(b"x" * 100))) == "unreadable"


async def test_a_bomb_in_a_text_chunk_is_not_unpacked(tmp_path: Path) -> None:
    """The text is left out anyway, so the picture is no less whole."""
    picture = encoded(a_picture())
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000_000)))
    at = len(b"\x89PNG\r\n\x1a\n") + 25
    (tmp_path / "source").write_bytes(picture[:at] + text + picture[at:])
    request = InspectionRequest("image", Bounds(1_000_000, 10))
    finding = await ProcessSandbox(LIMITS, concurrency=1).inspect(tmp_path, request)
    assert finding.content_type == "image/png"


async def test_an_animation_of_too_many_frames_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("L", (2, 2), value) for value in range(11)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert await refusal(tmp_path, data) == "too_many_frames"


async def test_frames_count_together_against_the_pixel_limit(tmp_path: Path) -> None:
    frames = [Image.new("L", (500, 500), value) for value in range(5)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert await refusal(tmp_path, data) == "too_many_pixels"


async def test_an_animation_is_no_mask(tmp_path: Path) -> None:
    frames = [gray([[0, 255]]), gray([[255, 0]])]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert await refusal(tmp_path, data, "mask") == "animated_mask"


async def test_an_empty_mask_is_refused_with_its_reason(tmp_path: Path) -> None:
    assert await refusal(tmp_path, encoded(gray([[0, 0]])), "mask") == "empty_mask"


async def test_a_picture_under_a_wrong_kind_is_refused(tmp_path: Path) -> None:
    assert await refusal(tmp_path, encoded(a_picture()), "video") == "wrong_content"


async def test_a_file_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    small = WorkerLimits(memory_bytes=160 * 1024**2, cpu_seconds=10, wall_seconds=60)
    width, height = 7_000, 6_000
    data = a_png(width, height, zlib.compress(bytes((1 + 3 * width) * height), 1))
    found = await refusal(tmp_path, data, limits=small, max_pixels=width * height)
    assert found == "too_costly"


async def test_what_takes_too_long_is_ended_and_may_be_tried_again(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(encoded(a_picture()))
    hurried = WorkerLimits(memory_bytes=1024**3, cpu_seconds=10, wall_seconds=0.001)
    request = InspectionRequest("image", Bounds(100, 1))
    with pytest.raises(UnavailableError):
        await ProcessSandbox(hurried, concurrency=1).inspect(tmp_path, request)


class Counting(ProcessSandbox):
    tries = 0

    async def _communicate(self, task: bytes, errors: Path) -> tuple[int, bytes]:
        self.tries += 1
        return await super()._communicate(task, errors)


async def test_a_result_that_takes_too_long_twice_is_refused_for_good(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(encoded(a_picture()))
    hurried = replace(LIMITS, wall_seconds=0.001, in_process_bytes=0)
    sandbox = Counting(hurried, concurrency=1)
    with pytest.raises(FileRefusedError) as refused:
        await sandbox.strip(tmp_path, WorkTime(60))
    assert refused.value.code == "too_costly"
    assert sandbox.tries == 2

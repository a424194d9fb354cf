"""Good files, through the worker process: what is kept has the pixels that came."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3
from PIL import Image, ImageChops

from contracts.media.files import MaskOptions
from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import Bounds, FileRefusedError, InspectedFile, WorkTime
from media.ports import InspectionRequest

from .pictures import a_picture, decoded, encoded, gray, rows

LIMITS = WorkerLimits(memory_bytes=1024 * 1024**2, cpu_seconds=10, wall_seconds=60)


async def kept(
    folder: Path,
    data: bytes,
    kind: str = "image",
    mask: MaskOptions | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[InspectedFile, bytes]:
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    request = InspectionRequest(kind, Bounds(1_000_000, 10), mask or MaskOptions(), size)
    finding = await ProcessSandbox(LIMITS, concurrency=1).inspect(folder, request)
    content = (target if finding.is_changed else source).read_bytes()
    assert finding.blake3 == blake3(content).hexdigest()
    assert finding.size_bytes == len(content)
    return finding, content


def a_tiff(values: list[int], *, is_signed: bool = False) -> bytes:
    """One row of 32-bit integers (TIFF 6.0, section 2)."""
    data = struct.pack(f"<{len(values)}I", *values)
    short, long = 3, 4
    fields = [
        *((256, long, len(values)), (257, long, 1), (258, short, 32), (259, short, 1)),
        *((262, short, 1), (273, long, 8), (277, short, 1), (278, long, 1)),
        *((279, long, len(data)), (339, short, 2 if is_signed else 1)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, form, 1, value) for tag, form, value in fields)
    directory = struct.pack("<H", len(fields)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "BMP", "TIFF"])
async def test_a_still_picture_is_kept_as_png_of_the_same_pixels(form: str, tmp_path: Path) -> None:
    data = encoded(a_picture((40, 30)), form, **({"lossless": True} if form == "WEBP" else {}))
    finding, content = await kept(tmp_path, data)
    assert finding.content_type == "image/png"
    assert (finding.width, finding.height) == (40, 30)
    assert decoded(content).tobytes() == decoded(data).convert("RGB").tobytes()


async def test_a_jpeg_stays_a_jpeg_without_its_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    data = encoded(a_picture((40, 30)), "JPEG", exif=exif)
    finding, content = await kept(tmp_path, data)
    assert finding.content_type == "image/jpeg"
    assert decoded(content).tobytes() == decoded(data).tobytes()
    assert b"camera" not in content


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
async def test_a_picture_taken_sideways_stands_upright(form: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(a_picture((40, 30)), form, exif=exif)
    finding, content = await kept(tmp_path, data)
    assert (finding.width, finding.height) == (30, 40)
    upright = decoded(encoded(a_picture((40, 30)), form)).transpose(Image.Transpose.ROTATE_270)
    assert decoded(content).tobytes() == upright.tobytes()


async def test_text_and_profiles_of_a_png_are_gone(tmp_path: Path) -> None:
    data = encoded(a_picture(), icc_profile=b"a profile", dpi=(300, 300))
    _, content = await kept(tmp_path, data + b"<script>")
    assert decoded(content).info == {}
    assert content.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("size_bytes", [3 * 1024**2, 70 * 1024**2])
@pytest.mark.parametrize("is_profile", [False, True])
async def test_a_png_with_much_text_or_a_large_profile_is_whole(
    size_bytes: int, is_profile: bool, tmp_path: Path
) -> None:
    name = b"iCCP" if is_profile else b"zTXt"
    body = name + b"prompt\0\0" + zlib.compress(bytes(size_bytes))
    length, check = (len(body) - 4).to_bytes(4, "big"), zlib.crc32(body).to_bytes(4, "big")
    plain = encoded(a_picture((40, 30)))
    _, content = await kept(tmp_path, plain[:33] + length + body + check + plain[33:])
    assert decoded(content).tobytes() == a_picture((40, 30)).tobytes()
    assert b"prompt" not in content


async def test_a_text_whose_checksum_is_wrong_is_no_damage(tmp_path: Path) -> None:
    plain = encoded(a_picture((40, 30)))
    text = bytes((0, 0, 0, 3)) + b"tEXta\0b" + b"wrong"[:4]
    _, content = await kept(tmp_path, plain[:33] + text + plain[33:])
    assert decoded(content).tobytes() == a_picture((40, 30)).tobytes()


@pytest.mark.parametrize(("second", "is_kept"), [((40, 30), False), ((20, 15), True)])
async def test_of_a_tiff_no_page_is_dropped_but_a_thumbnail(
    second: tuple[int, int], tmp_path: Path, *, is_kept: bool
) -> None:
    data = encoded(a_picture((40, 30)), "TIFF", save_all=True, append_images=[a_picture(second)])
    if is_kept:
        _, content = await kept(tmp_path, data)
        assert decoded(content).tobytes() == a_picture((40, 30)).tobytes()
        return
    with pytest.raises(FileRefusedError) as refused:
        await kept(tmp_path, data)
    assert refused.value.code == "unsupported_animation"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
async def test_the_size_of_a_preview_is_that_of_the_upright_picture(
    form: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "source").write_bytes(encoded(a_picture((40, 30)), form, exif=exif))
    sandbox = ProcessSandbox(LIMITS, concurrency=1)
    seen = await sandbox.preview(tmp_path, Bounds(1_000_000, 10))
    assert (seen.width, seen.height) == (30, 40)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP"])
async def test_a_gray_picture_is_kept_in_color(form: str, tmp_path: Path) -> None:
    data = encoded(a_picture((40, 30), "L"), form)
    finding, content = await kept(tmp_path, data)
    assert finding.content_type == "image/png"
    assert decoded(content).mode == "RGB"
    assert decoded(content).tobytes() == decoded(data).convert("RGB").tobytes()


async def test_transparency_survives_whatever_way_it_was_written(tmp_path: Path) -> None:
    palette = a_picture((4, 3), "P")
    _, content = await kept(tmp_path, encoded(palette, transparency=palette.getpixel((0, 0))))
    assert decoded(content).mode == "RGBA"
    assert decoded(content).getpixel((0, 0))[3] == 0  # pyright: ignore[reportOptionalSubscript, reportIndexIssue]  RGBA has tuples


async def test_sixteen_bits_keep_their_high_byte(tmp_path: Path) -> None:
    _, content = await kept(tmp_path, encoded(gray([[0, 255, 256, 65535]], "I;16")))
    assert rows(decoded(content)) == [[0, 0, 1, 255]]


async def test_thirty_two_bits_keep_their_highest_byte(tmp_path: Path) -> None:
    values = [0, 2**24 - 1, 2**24, 2**31, 2**32 - 1]
    _, content = await kept(tmp_path, a_tiff(values))
    assert rows(decoded(content)) == [[0, 0, 1, 128, 255]]


async def test_signed_pixels_are_refused_and_not_taken_for_others(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refused:
        await kept(tmp_path, a_tiff([1, 2], is_signed=True))
    assert refused.value.code == "unsupported_pixels"


async def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    data = encoded(a_picture((40, 30), "CMYK"), "JPEG")
    _, content = await kept(tmp_path, data)
    assert decoded(content).tobytes() == decoded(data).convert("RGB").tobytes()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
async def test_an_animation_is_kept_as_it_is(form: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "green", "blue")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
    finding, content = await kept(tmp_path, data)
    assert content == data
    assert finding.content_type == f"image/{form.lower()}"


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
async def test_an_animation_stays_turned_and_has_the_size_that_is_seen(
    form: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "a camera", 6
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "blue")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], exif=exif)
    finding, content = await kept(tmp_path, data)
    assert (finding.width, finding.height) == (3, 4)
    assert dict(decoded(content).getexif()) == {0x0112: 6}


async def test_a_mask_of_the_asked_size_is_alike_for_every_loader(tmp_path: Path) -> None:
    options = MaskOptions(invert=True)
    finding, content = await kept(
        tmp_path, encoded(gray([[0, 255]]), "WEBP", lossless=True), "mask", options, (4, 2)
    )
    red, green, blue, alpha = decoded(content).split()
    assert rows(red) == rows(green) == rows(blue) == [[255, 255, 0, 0]] * 2
    assert rows(ImageChops.invert(alpha)) == rows(red)
    assert (finding.content_type, finding.width, finding.height) == ("image/png", 4, 2)


async def test_other_kinds_are_kept_untouched_under_their_own_type(tmp_path: Path) -> None:
    text, _ = await kept(tmp_path, "привет".encode(), "text")
    page, _ = await kept(tmp_path, b"\x01<html><script>\0", "file")
    assert text.content_type == "text/plain"
    assert page.content_type == "application/octet-stream"


@pytest.mark.parametrize("in_process_bytes", [0, 10**6])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_result_is_made_bare_here_or_in_a_worker_alike(
    form: str, in_process_bytes: int, tmp_path: Path
) -> None:
    sandbox = ProcessSandbox(replace(LIMITS, in_process_bytes=in_process_bytes), concurrency=1)
    data = encoded(a_picture((40, 30)), form, exif=b"Exif\0\0a secret")
    (tmp_path / "source").write_bytes(data + b"a secret")
    finding = await sandbox.strip(tmp_path, WorkTime(60))
    content = (tmp_path / "target").read_bytes()
    assert b"a secret" not in content
    assert decoded(content).tobytes() == decoded(data).tobytes()
    assert finding.blake3 == blake3(content).hexdigest()
    assert finding.size_bytes == len(content)
    (tmp_path / "source").write_bytes(data[:-20])
    with pytest.raises(FileRefusedError):
        await sandbox.strip(tmp_path, WorkTime(60))

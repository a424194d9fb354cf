"""HEIC and AVIF, which phones send, become PNG, which every ComfyUI reads."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from pathlib import Path

import pytest
from PIL import AvifImagePlugin, Image, ImageCms

from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import Bounds, FileRefusedError, InspectedFile
from media.ports import InspectionRequest

from .pictures import a_picture, decoded, encoded

assert AvifImagePlugin.SUPPORTED
LIMITS = WorkerLimits(memory_bytes=480 * 1024**2, cpu_seconds=10, wall_seconds=60)
SIDEWAYS = (Path(__file__).parent / "sideways.heic").read_bytes()
"""40 by 30 pixels, to be turned clockwise; upright its quarters are red, yellow, black, green.

Made with libheif; its EXIF names "a camera".
"""


async def kept(
    folder: Path, data: bytes, kind: str = "image", max_pixels: int = 1_000_000
) -> tuple[InspectedFile, Image.Image]:
    (folder / "source").write_bytes(data)
    finding = await ProcessSandbox(LIMITS, concurrency=1).inspect(
        folder, InspectionRequest(kind, Bounds(max_pixels, 10))
    )
    content = (folder / "target").read_bytes()
    assert b"a camera" not in content
    return finding, decoded(content)


async def test_a_heic_becomes_an_upright_png(tmp_path: Path) -> None:
    finding, picture = await kept(tmp_path, SIDEWAYS)
    assert (finding.content_type, finding.width, finding.height) == ("image/png", 30, 40)
    quarters = [picture.getpixel(at) for at in ((3, 3), (26, 3), (3, 36), (26, 36))]
    expected = [(255, 0, 0), (255, 255, 0), (0, 0, 0), (0, 255, 0)]
    for found, wanted in zip(quarters, expected, strict=True):
        assert found == pytest.approx(wanted, abs=12)


async def test_an_avif_becomes_an_upright_png_of_the_same_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    data = encoded(a_picture((40, 30)), "AVIF", exif=exif)
    finding, picture = await kept(tmp_path, data)
    assert finding.content_type == "image/png"
    assert picture.size == (30, 40)
    turned = decoded(data).convert("RGB").transpose(Image.Transpose.ROTATE_270)
    assert picture.tobytes() == turned.tobytes()


async def test_the_profile_of_an_avif_is_applied(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(Image.new("RGB", (8, 8), "red"), "AVIF", icc_profile=profile)
    _, picture = await kept(tmp_path, data)
    assert picture.getpixel((0, 0)) == pytest.approx((255, 0, 0), abs=3)
    assert picture.info == {}


async def test_a_mask_may_come_from_a_phone(tmp_path: Path) -> None:
    finding, picture = await kept(tmp_path, SIDEWAYS, "mask")
    assert (finding.content_type, picture.mode) == ("image/png", "RGBA")


async def test_an_animated_avif_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    data = encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:])
    assert await reason(tmp_path, data) == "unsupported_animation"


async def reason(folder: Path, data: bytes, max_pixels: int = 1_000_000) -> str:
    with pytest.raises(FileRefusedError) as refused:
        await kept(folder, data, max_pixels=max_pixels)
    return refused.value.code


@pytest.mark.parametrize("form", ["heic", "avif"])
async def test_what_is_cut_short_or_too_large_is_refused(form: str, tmp_path: Path) -> None:
    avif = encoded(a_picture((400, 300)), "AVIF")
    data = SIDEWAYS if form == "heic" else avif
    for length in (12, 40, len(data) // 2, len(data) - 100):
        assert await reason(tmp_path, data[:length]) in ("unreadable", "wrong_content")
    assert await reason(tmp_path, data, max_pixels=1_000) == "too_many_pixels"


async def test_a_heic_whose_header_says_it_is_huge_is_refused(tmp_path: Path) -> None:
    at = SIDEWAYS.index(b"ispe") + 8
    huge = SIDEWAYS[:at] + (60_000).to_bytes(4, "big") * 2 + SIDEWAYS[at + 8 :]
    found = await reason(tmp_path, huge)
    assert found in ("too_many_pixels", "unreadable")

"""Color profiles become sRGB: the numbers then mean the colors that were seen."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from pathlib import Path

import pytest
from PIL import Image, ImageCms

from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import Bounds
from media.ports import InspectionRequest

from .pictures import a_picture, decoded, encoded

LIMITS = WorkerLimits(memory_bytes=480 * 1024**2, cpu_seconds=10, wall_seconds=60)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped() -> bytes:
    """A profile in which the primaries of red and green are exchanged."""
    data = bytearray(SRGB)
    at = {bytes(data[n : n + 4]): n for n in range(132, 400, 12)}
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    data[red : red + 4], data[green : green + 4] = data[green : green + 4], data[red : red + 4]
    return bytes(data)


async def kept(folder: Path, data: bytes) -> Image.Image:
    (folder / "source").write_bytes(data)
    request = InspectionRequest("image", Bounds(1_000_000, 10))
    finding = await ProcessSandbox(LIMITS, concurrency=1).inspect(folder, request)
    return decoded((folder / ("target" if finding.is_changed else "source")).read_bytes())


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("TIFF", "RGB")])
async def test_a_profile_is_applied(form: str, mode: str, tmp_path: Path) -> None:
    red = Image.new(mode, (8, 8), "red")
    found = await kept(tmp_path, encoded(red, form, icc_profile=swapped()))
    assert found.mode == mode
    assert found.convert("RGB").getpixel((0, 0)) == pytest.approx((0, 255, 0), abs=3)
    assert "icc_profile" not in found.info


async def test_a_jpeg_with_a_profile_becomes_a_png_of_what_it_showed(tmp_path: Path) -> None:
    red = Image.new("RGB", (8, 8), "red")
    found = await kept(tmp_path, encoded(red, "JPEG", icc_profile=swapped(), quality=95))
    assert found.format == "PNG"
    assert found.getpixel((0, 0)) == pytest.approx((0, 255, 0), abs=5)


async def test_srgb_under_any_name_changes_nothing(tmp_path: Path) -> None:
    picture = a_picture((40, 30))
    found = await kept(tmp_path, encoded(picture, "JPEG", icc_profile=SRGB))
    assert found.format == "JPEG"
    assert found.tobytes() == decoded(encoded(picture, "JPEG")).tobytes()


@pytest.mark.parametrize("profile", [b"nonsense", SRGB[:200], SRGB[:128] + bytes(3_000)])
async def test_a_broken_profile_says_nothing(profile: bytes, tmp_path: Path) -> None:
    picture = a_picture((40, 30))
    found = await kept(tmp_path, encoded(picture, icc_profile=profile))
    assert found.tobytes() == picture.tobytes()

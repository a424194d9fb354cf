"""Metadata goes, and the picture stays bit for bit."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from media.domain.bare import gif as bare_gif
from media.domain.bare import png as bare_png
from media.domain.bare import webp as bare_webp


def png(**options: object) -> bytes:
    data = io.BytesIO()
    Image.new("RGBA", (5, 4), "red").save(data, "PNG", **options)
    return data.getvalue()


def webp(frames: int = 1, **options: object) -> bytes:
    data = io.BytesIO()
    pictures = [Image.new("RGB", (5, 4), (n, 0, 0)) for n in range(frames)]
    pictures[0].save(
        data, "WEBP", lossless=True, save_all=frames > 1, append_images=pictures[1:], **options
    )
    return data.getvalue()


def gif() -> bytes:
    data = io.BytesIO()
    Image.linear_gradient("L").save(data, "GIF")
    return data.getvalue()


def test_a_png_loses_its_text_and_keeps_its_colors() -> None:
    info = PngImagePlugin.PngInfo()
    for name in ("prompt", "workflow"):
        info.add_text(name, "secret")
    info.add_itxt("note", "secret", zip=True)
    data = png(pnginfo=info, icc_profile=b"profile", exif=Image.Exif().tobytes())
    kept = b"".join(bare_png.strip(data + b"<script>"))
    assert b"secret" in data
    assert b"secret" not in kept
    assert b"note" not in kept
    assert b"eXIf" not in kept
    assert b"iCCP" in kept
    assert kept.endswith(b"IEND\xaeB`\x82")


def test_what_is_bare_already_stays_as_it_is() -> None:
    assert b"".join(bare_png.strip(png())) == png()
    assert b"".join(bare_webp.strip(webp())) == webp()
    assert b"".join(bare_webp.strip(webp(3))) == webp(3)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_webp_loses_exif_and_xmp_and_keeps_its_frames(frames: int) -> None:
    exif = Image.Exif()
    exif[0x0110] = "prompt:secret"
    data = webp(frames, exif=exif, xmp=b"<x>secret</x>")
    kept = b"".join(bare_webp.strip(data + b"<script>"))
    assert data.count(b"secret") == 2
    assert b"secret" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert getattr(picture, "n_frames", 1) == frames
        assert not picture.getexif()
        picture.load()


def test_a_gif_loses_its_comments_and_keeps_its_frames() -> None:
    frames = [Image.new("RGB", (5, 4), (90 * n, 0, 0)) for n in range(3)]
    data, plain = io.BytesIO(), io.BytesIO()
    some = {"save_all": True, "append_images": frames[1:], "loop": 0, "duration": 40}
    frames[0].save(plain, "GIF", **some)
    frames[0].save(data, "GIF", comment=b"secret", **some)
    kept = b"".join(bare_gif.strip(data.getvalue() + b"<script>"))
    assert b"secret" in data.getvalue()
    assert kept == b"".join(bare_gif.strip(plain.getvalue())) == plain.getvalue()


@pytest.mark.parametrize("at", [1, 3, 8, 20, 30, -1])
def test_what_is_cut_short_is_no_picture(at: int) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        list(bare_png.strip(png()[:at]))
    with pytest.raises(ValueError, match=r"\w"):
        list(bare_webp.strip(webp()[:at]))
    with pytest.raises(ValueError, match=r"\w"):
        list(bare_gif.strip(gif()[: at - 1]))


def test_lengths_that_lie_are_found_out() -> None:
    long = struct.pack(">I", 2**31) + b"IDAT" + bytes(4)
    with pytest.raises(ValueError, match="cut short"):
        list(bare_png.strip(bare_png.HEAD + long))
    empty = struct.pack(">I", 0) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    with pytest.raises(ValueError, match="cut short"):
        list(bare_png.strip(bare_png.HEAD + empty * 1_000))


def test_a_chunk_whose_checksum_is_wrong_is_found_out() -> None:
    data = bytearray(png())
    data[len(bare_png.HEAD) + 8] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        list(bare_png.strip(bytes(data)))

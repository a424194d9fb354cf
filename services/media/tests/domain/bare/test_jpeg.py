import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from media.domain.bare import jpeg


def strip(data: bytes) -> bytes:
    return b"".join(jpeg.strip(data))


def a_picture(mode: str = "RGB") -> Image.Image:
    return Image.radial_gradient("L").reduce(6).convert(mode)


def encoded(picture: Image.Image, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", **options)
    return data.getvalue()


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).tobytes()


def with_exif(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "a camera that tells where it was"
    return encoded(picture, exif=exif, comment=b"a secret")


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_bare_jpeg_has_the_same_pixels(mode: str, *, progressive: bool) -> None:
    data = encoded(a_picture(mode), progressive=progressive, restart_marker_rows=1)
    assert pixels(strip(data)) == pixels(data)


def test_everything_but_the_picture_is_gone() -> None:
    data = with_exif(a_picture())
    bare = strip(data + b"<script>alert(1)</script>")
    assert b"camera" in data
    assert b"secret" in data
    assert not any(word in bare for word in (b"camera", b"secret", b"script", b"Exif"))
    assert strip(bare) == bare


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_a_turned_picture_stays_turned(turned: int, order: str) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F], exif[0x0112] = "a camera", turned
    bare = strip(encoded(a_picture(), exif=exif))
    kept = Image.open(io.BytesIO(bare)).getexif()
    assert dict(kept) == ({0x0112: turned} if turned > 1 else {})
    assert b"camera" not in bare
    assert strip(bare) == bare


@given(st.binary(max_size=80))
def test_damaged_exif_turns_nothing_and_breaks_nothing(data: bytes) -> None:
    picture = encoded(a_picture())
    body = b"Exif\0\0MM\0*" + data
    tagged = picture[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + picture[2:]
    assert pixels(strip(tagged)) == pixels(picture)


def test_the_profile_stays_because_colors_depend_on_it() -> None:
    bare = strip(encoded(a_picture(), icc_profile=b"a profile" * 9_000, comment=b"a secret"))
    assert Image.open(io.BytesIO(bare)).info["icc_profile"] == b"a profile" * 9_000
    assert b"secret" not in bare


def test_a_jpeg_without_its_end_is_refused() -> None:
    data = encoded(a_picture())
    for length in (0, 2, 30, len(data) // 2, len(data) - 2):
        with pytest.raises(ValueError, match=r"."):
            strip(data[:length])


@given(st.binary())
def test_noise_is_refused_and_never_loops(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strip(b"\xff\xd8" + noise.replace(b"\xff\xd9", b""))

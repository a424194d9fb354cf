import io
import secrets

import pytest
from blake3 import blake3
from PIL import Image

from node_agent.handlers.files import inspect, shrink


def a_picture(kind: str = "PNG", size: tuple[int, int] = (30, 20), *, noisy: bool = False) -> bytes:
    image = Image.new("RGB", size, "teal")
    if noisy:
        image.frombytes(secrets.token_bytes(size[0] * size[1] * 3))
    target = io.BytesIO()
    image.save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "content_type", "size"),
    [
        (a_picture("PNG"), "image/png", (30, 20)),
        (a_picture("WEBP"), "image/webp", (30, 20)),
        (a_picture("JPEG"), "image/jpeg", (30, 20)),
        (b"\0\0\0\x18ftypmp42rest", "video/mp4", (None, None)),
        (b"\x1a\x45\xdf\xa3\x42\x82\x84webm", "video/webm", (None, None)),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav", (None, None)),
        (b"glTF\2\0\0\0", "model/gltf-binary", (None, None)),
        ("wörld".encode() * 3_000, "text/plain", (None, None)),
        (b"<html><script>", "text/plain", (None, None)),
        (b"\x89PNG\r\n\x1a\nbroken", "application/octet-stream", (None, None)),
        (b"", "application/octet-stream", (None, None)),
    ],
)
def test_a_file_is_what_it_contains(
    data: bytes, content_type: str, size: tuple[int | None, int | None]
) -> None:
    facts = inspect(io.BytesIO(data), None)

    assert (facts.content_type, (facts.width, facts.height)) == (content_type, size)
    assert (facts.size_bytes, facts.blake3) == (len(data), blake3(data).hexdigest())


def test_a_preview_is_made_smaller_until_it_fits() -> None:
    big = a_picture(size=(900, 700), noisy=True)
    small = shrink(big, 48 * 1024)

    assert small
    assert len(small) <= 48 * 1024 < len(big)
    with Image.open(io.BytesIO(small)) as image:
        assert image.format == "JPEG"


def test_what_is_no_picture_or_too_big_a_one_is_not_shown() -> None:
    assert shrink(b"nonsense", 1_000) is None
    assert shrink(a_picture(size=(5_000, 5_000)), 1_000) is None

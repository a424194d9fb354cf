from io import BytesIO

import pytest
from PIL import Image

from media.domain.bare.webp import SIZE_BYTES, size_of


def a_webp(*, frames: int = 1, **options: object) -> bytes:
    file = BytesIO()
    pictures = [Image.new("RGBA", (321, 45), (n, 0, 0, 99)) for n in range(frames)]
    many = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].convert("RGB" if options.pop("opaque", False) else "RGBA").save(
        file, "WEBP", **many, **options
    )
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        a_webp(opaque=True),
        a_webp(lossless=True),
        a_webp(),
        a_webp(frames=2),
    ],
    ids=["lossy", "lossless", "with alpha", "animated"],
)
def test_a_webp_tells_its_size_at_its_head(content: bytes) -> None:
    assert size_of(content[:SIZE_BYTES]) == (321, 45)


@pytest.mark.parametrize("head", [b"", b"RIFF", b"RIFF\0\0\0\0WEBPJUNK" + bytes(20), bytes(64)])
def test_what_is_no_webp_has_no_size(head: bytes) -> None:
    assert size_of(head) is None

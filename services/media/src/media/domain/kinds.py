"""Decides which content types each kind of media accepts."""

from contracts.content_types import OCTETS, TEXT, sniff
from media.domain.bare import EXR, REMUXED

RASTER = frozenset(
    {
        *("image/png", "image/jpeg", "image/webp", "image/gif"),
        *("image/bmp", "image/tiff", "image/avif", "image/heic"),
    }
)
"""Pictures that may be uploaded. SVG is a program, so it is not among them."""
VISIBLE = RASTER | REMUXED.keys() | {EXR}
"""Types that have a preview."""


def accepts(kind: str, content_type: str | None) -> bool:
    """Return whether a file of that type may be a media of that kind."""
    if kind == "file":
        return True
    if content_type is None:
        return False
    if kind in ("image", "mask"):
        return content_type in RASTER
    if kind == "audio" and content_type in REMUXED:
        return True  # recorders of browsers write sound into WebM and MP4
    prefix = {"video": "video/", "audio": "audio/", "3d": "model/", "text": TEXT}[kind]
    return content_type.startswith(prefix)


def result_type(kind: str, head: bytes) -> str:
    """Return the type under which a result is served; the agent's kind decides only for text."""
    return sniff(head) or (TEXT if kind == "text" else OCTETS)

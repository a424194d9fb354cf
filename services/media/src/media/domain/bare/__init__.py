"""Knows which content types can be made bare: without text, EXIF, XMP and trailing bytes.

Lossless: the parts of a file that hold pixels, colors, frames and samples are copied. ComfyUI
writes prompt and graph into text chunks of PNG, EXIF of WebP, tags of video, extras of GLB, and
metadata of SVG and latents.
"""

from collections.abc import Callable, Iterator

from contracts.content_types import sniff
from media.domain.bare import gif, glb, jpeg, png, safetensors, svg, webp

SVG, LATENT = "image/svg+xml", "application/safetensors"
"""Forms under which nothing is served: an SVG is text, a latent a download without a type."""

STRIPPED: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/png": png.strip,
    "image/jpeg": jpeg.strip,
    "image/webp": webp.strip,
    "image/gif": gif.strip,
    "model/gltf-binary": glb.strip,
    SVG: svg.strip,
    LATENT: safetensors.strip,
}
"""Makes each type bare without decoding. Each function raises ValueError for a damaged file."""

ISO = "mov"
REMUXED: dict[str, tuple[str, str]] = {
    "video/mp4": (ISO, "mp4"),
    "video/quicktime": (ISO, "mov"),
    "video/webm": ("matroska", "webm"),
    "video/x-matroska": ("matroska", "matroska"),
    "video/x-msvideo": ("avi", "avi"),
    "video/ogg": ("ogg", "ogg"),
    "video/x-flv": ("flv", "flv"),
    "video/mp2t": ("mpegts", "mpegts"),
    "audio/mp4": (ISO, "ipod"),
    "audio/aiff": ("aiff", "aiff"),
    "audio/ogg": ("ogg", "ogg"),
    "audio/flac": ("flac", "flac"),
    "audio/mpeg": ("mp3", "mp3"),
    "audio/aac": ("aac", "adts"),
    "audio/wav": ("wav", "wav"),
}
"""Types made bare by copying their packets → FFmpeg's names of their demuxer and muxer."""

CAN_BE_BARE = STRIPPED.keys() | REMUXED.keys()


def form_of(head: bytes) -> str | None:
    """Return the form by which a file that begins so can be made bare, or None."""
    if found := sniff(head):
        return found if found in CAN_BE_BARE else None
    if svg.begins(head):
        return SVG
    return LATENT if safetensors.begins(head) else None

"""Knows which content types can be made bare: without text, EXIF, XMP and trailing bytes.

Lossless: the parts of a file that hold pixels, colors, frames and samples are copied. ComfyUI
writes prompt and graph into text chunks of PNG, EXIF of WebP, attributes of OpenEXR, tags of
video, extras of GLB, and metadata of SVG and latents; packs into EXIF of AVIF, HEIC and TIFF.
"""

from collections.abc import Callable, Iterator

from contracts.content_types import TEXT, sniff
from media.domain.bare import (
    bmp,
    exr,
    flac,
    gif,
    glb,
    heif,
    jpeg,
    mpeg_audio,
    ply,
    png,
    safetensors,
    svg,
    text,
    tiff,
    webp,
)

EXR = "image/x-exr"
SVG, LATENT, PLY = "image/svg+xml", "application/safetensors", "model/ply"
"""Forms under which nothing is served: an SVG is text, the others are downloads without a type."""

STRIPPED: dict[str, Callable[[bytes], Iterator[bytes | memoryview]]] = {
    "image/png": png.strip,
    "image/jpeg": jpeg.strip,
    "image/webp": webp.strip,
    "image/gif": gif.strip,
    "image/bmp": bmp.strip,
    "image/tiff": tiff.strip,
    "image/avif": heif.strip,
    "image/heic": heif.strip,
    EXR: exr.strip,
    "audio/mpeg": mpeg_audio.strip,
    "audio/flac": flac.strip,
    "model/gltf-binary": glb.strip,
    SVG: svg.strip,
    LATENT: safetensors.strip,
    PLY: ply.strip,
    TEXT: text.strip,
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
    "video/mpeg": ("mpeg", "vob"),
    "video/x-ms-wmv": ("asf", "asf"),
    "audio/x-ms-wma": ("asf", "asf"),
    "audio/mp4": (ISO, "ipod"),
    "audio/aiff": ("aiff", "aiff"),
    "audio/ogg": ("ogg", "ogg"),
    "audio/flac": ("flac", "flac"),
    "audio/mpeg": ("mp3", "mp3"),
    "audio/aac": ("aac", "adts"),
    "audio/wav": ("wav", "wav"),
}
"""Types with packets → FFmpeg's names of their demuxer and muxer; those not above are copied."""

CAN_BE_BARE = STRIPPED.keys() | REMUXED.keys()


def form_of(head: bytes) -> str | None:
    """Return the form by which a file that begins so can be made bare, or None."""
    if found := sniff(head):
        return found if found in CAN_BE_BARE else None
    begins = {SVG: svg.begins, LATENT: safetensors.begins, PLY: ply.begins, TEXT: text.begins}
    return next((form for form, is_begun in begins.items() if is_begun(head)), None)

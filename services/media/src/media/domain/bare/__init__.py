"""Knows which content types can be made bare: without text, EXIF, XMP and trailing bytes.

Lossless: the parts of a file that hold pixels, colors, frames and samples are copied. ComfyUI
writes prompt and graph into text chunks of PNG, EXIF of WebP, tags of video and extras of GLB.
"""

from collections.abc import Callable, Iterator

from media.domain.bare import gif, glb, jpeg, png, webp

STRIPPED: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/png": png.strip,
    "image/jpeg": jpeg.strip,
    "image/webp": webp.strip,
    "image/gif": gif.strip,
    "model/gltf-binary": glb.strip,
}
"""Makes each type bare without decoding. Each function raises ValueError for a damaged file."""

ISO = "mov"
REMUXED: dict[str, tuple[str, str]] = {
    "video/mp4": (ISO, "mp4"),
    "video/quicktime": (ISO, "mov"),
    "video/webm": ("matroska", "webm"),
    "video/x-matroska": ("matroska", "matroska"),
    "video/x-msvideo": ("avi", "avi"),
    "audio/mp4": (ISO, "ipod"),
    "audio/ogg": ("ogg", "ogg"),
    "audio/flac": ("flac", "flac"),
    "audio/mpeg": ("mp3", "mp3"),
    "audio/aac": ("aac", "adts"),
    "audio/wav": ("wav", "wav"),
}
"""Types made bare by copying their packets → FFmpeg's names of their demuxer and muxer."""

CAN_BE_BARE = STRIPPED.keys() | REMUXED.keys()

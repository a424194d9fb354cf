"""One file of each format, with a secret in each usual place of its metadata.

Pillow and PyAV write what ComfyUI and its packs write; other places are filled by hand.
"""

# Pillow and PyAV leave out the types of some parameters.
# pyright: reportUnknownMemberType=false

import json
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from media.domain.bare.sound_tags import TAGGED

from .clips import CLIPS, SECRET, SOUNDS, a_sound, a_video
from .pictures import a_picture, encoded

MARK = SECRET.encode()
SIDEWAYS = (Path(__file__).parent / "sideways.heic").read_bytes()
ORIENTATION, DESCRIPTION, MODEL, COMMENT = 0x0112, 0x010E, 0x0110, 0x9286
"""Tags of EXIF; into the last three, packs write prompt and graph."""
XMP = b"<x:xmpmeta>" + MARK + b"</x:xmpmeta>"


def exif(turned: int | None = None) -> Image.Exif:
    tags = Image.Exif()
    if turned:
        tags[ORIENTATION] = turned
    tags[DESCRIPTION] = tags[MODEL] = f"prompt:{SECRET}"
    tags.get_ifd(0x8769)[COMMENT] = b"UNICODE\0" + SECRET.encode("utf-16-be")
    return tags


def png(frames: int, turned: int | None = None) -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("prompt", SECRET)
    texts.add_text("workflow", SECRET, zip=True)
    texts.add_itxt("note", SECRET, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return moving(frames, "PNG", pnginfo=texts, exif=exif(turned))


def moving(frames: int, form: str, **options: object) -> bytes:
    first, *others = (a_picture((40, 30)).rotate(n) for n in range(frames))
    more: dict[str, object] = {"save_all": True, "append_images": others} if others else {}
    return encoded(first, form, **more, **options)


def tiff(
    *, pages: int = 1, compression: str = "raw", is_big: bool = False, turned: int = 1
) -> bytes:
    tags = ImageFileDirectory_v2()
    tags[ORIENTATION] = turned
    tags[DESCRIPTION], tags[305], tags[700], tags[65000] = SECRET, SECRET, XMP, SECRET
    options = {"tiffinfo": tags, "compression": compression, "big_tiff": is_big}
    return moving(pages, "TIFF", **options)


def heic() -> bytes:
    """Written by libheif; its EXIF named a camera, which has as many letters as the secret."""
    return SIDEWAYS.replace(b"a camera", MARK[:8])


def exr() -> bytes:
    codec = av.CodecContext.create("exr", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 40, 30, "gbrpf32le", Fraction(1)
    frame = cast(Any, av.VideoFrame.from_image(a_picture((40, 30)))).reformat(format="gbrpf32le")
    packets: list[Any] = [*codec.encode(frame), *codec.encode(None)]
    data = b"".join(map(bytes, packets))
    return with_attributes(data, {"prompt": SECRET, "workflow": json.dumps({"a": SECRET})})


def with_attributes(data: bytes, texts: dict[str, str]) -> bytes:
    """Insert attributes, as ComfyUI's SaveImageAdvanced does, and move the places of the chunks."""
    parts = [
        f"{name}\0string\0".encode() + struct.pack("<i", len(text)) + text.encode()
        for name, text in texts.items()
    ]
    more = b"".join(parts)
    end = 8
    while data[end]:
        sizes_at = data.index(b"\0", data.index(b"\0", end) + 1) + 1
        end = sizes_at + 4 + int.from_bytes(data[sizes_at : sizes_at + 4], "little")
    first = int.from_bytes(data[end + 1 : end + 9], "little")
    places = struct.iter_unpack("<Q", data[end + 1 : first])
    moved = b"".join(struct.pack("<Q", place + len(more)) for (place,) in places)
    return data[:end] + more + b"\0" + moved + data[first:]


def tags_behind() -> bytes:
    """Tags that players write behind any sound: APE and ID3v1."""
    item = struct.pack("<II", len(MARK), 0) + b"prompt\0" + MARK
    ape = struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(item) + 32, 1, 0)
    return item + ape + b"TAG" + MARK.ljust(125, b"\0")


def wav() -> bytes:
    """With chunks of broadcasters and of ID3 behind the samples."""
    chunk = struct.pack("<I", len(MARK) + 1) + MARK + b"\0"
    chunks = b"iXML" + chunk + b"id3 " + chunk
    data = a_sound(*SOUNDS["audio/wav"]) + chunks
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def glb() -> bytes:
    scene: dict[str, Any] = {
        "asset": {"version": "2.0", "extras": {"prompt": SECRET}},
        "scenes": [{}],
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    rest = struct.pack("<I4sI", 4, b"BIN\0", 7)
    head = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON")
    return head + text + rest


def latent() -> bytes:
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    head = json.dumps({"__metadata__": {"prompt": SECRET}, "latent": tensor}).encode()
    return struct.pack("<Q", len(head)) + head + b"\1\2\3\4"


def svg() -> bytes:
    return f"<!--{SECRET}--><svg><metadata>{SECRET}</metadata><path d='M0 0'/></svg>".encode()


def ply() -> bytes:
    return f"ply\nformat ascii 1.0\ncomment {SECRET}\nend_header\n1 2 3\n".encode()


BEHIND_TAGS = " behind tags"
"""Sounds of such names have two ID3 tags before them."""
FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "png": ("image/png", lambda: png(1)),
    "apng": ("image/png", lambda: png(3)),
    "jpeg": ("image/jpeg", lambda: moving(1, "JPEG", exif=exif(), comment=MARK, xmp=XMP)),
    "webp": ("image/webp", lambda: moving(1, "WEBP", exif=exif(), xmp=XMP)),
    "animated webp": ("image/webp", lambda: moving(3, "WEBP", exif=exif(), xmp=XMP)),
    "gif": ("image/gif", lambda: moving(1, "GIF", comment=MARK)),
    "animated gif": ("image/gif", lambda: moving(3, "GIF", comment=MARK)),
    "bmp": ("image/bmp", lambda: moving(1, "BMP")),
    "tiff": ("image/tiff", tiff),
    "deflated tiff": ("image/tiff", lambda: tiff(compression="tiff_adobe_deflate")),
    "pages of tiff": ("image/tiff", lambda: tiff(pages=3, compression="tiff_lzw")),
    "big tiff": ("image/tiff", lambda: tiff(is_big=True)),
    "pages of big tiff": ("image/tiff", lambda: tiff(pages=3, is_big=True)),
    "avif": ("image/avif", lambda: moving(1, "AVIF", exif=exif(), xmp=XMP)),
    "animated avif": ("image/avif", lambda: moving(3, "AVIF", exif=exif(), xmp=XMP)),
    "heic": ("image/heic", heic),
    "exr": ("image/x-exr", exr),
    **{name: (name, lambda made=made: a_video(*made)) for name, made in CLIPS.items()},
    **{name: (name, lambda made=made: a_sound(*made)) for name, made in SOUNDS.items()},
    **{
        name + BEHIND_TAGS: (name, lambda made=SOUNDS[name]: a_sound(*made))
        for name in (*sorted(TAGGED), "audio/mpeg")
    },
    "audio/x-ms-wma": ("audio/x-ms-wma", lambda: a_sound("asf", "wmav2", tags={})),
    "wav with chunks behind": ("audio/wav", wav),
    "mp2": ("audio/mpeg", lambda: a_sound("mp2", "mp2")),
    "glb": ("model/gltf-binary", glb),
    "latent": ("application/safetensors", latent),
    "svg": ("image/svg+xml", svg),
    "ply": ("model/ply", ply),
}
"""Names of samples → their form and how to make them."""
ID3 = b"ID3\x04\0\0" + bytes((0, 0, 8, 0)) + MARK.ljust(1024, b"\0")
"""A tag that is longer than the bytes by which a type is known."""
TURNED: dict[str, Callable[[int], bytes]] = {
    "png": lambda turned: png(1, turned),
    "apng": lambda turned: png(3, turned),
    "jpeg": lambda turned: moving(1, "JPEG", exif=exif(turned)),
    "webp": lambda turned: moving(1, "WEBP", exif=exif(turned), xmp=XMP),
    "animated webp": lambda turned: moving(3, "WEBP", exif=exif(turned), xmp=XMP),
    "tiff": lambda turned: tiff(turned=turned),
    "avif": lambda turned: moving(1, "AVIF", exif=exif(turned)),
}
"""Names of samples → how to make one of an orientation."""
BEFORE = {name: ID3 + ID3 for name in FORMATS if name.endswith(BEHIND_TAGS)}
BEHIND = {"audio/flac": tags_behind(), "audio/mpeg": tags_behind(), "svg": b"", "ply": b""}
"""Bytes behind samples, else the secret alone. SVG and PLY have no end."""

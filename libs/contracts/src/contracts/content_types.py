"""Content types that ComfyFleet knows: how files of each begin and how their names end.

The list is closed. Any other file is served as plain text or as a download, so a browser never
executes it: HTML and SVG have no type here. Standard library only, because
media's sandbox loads this module into each of its processes.
"""

from pathlib import PurePosixPath
from urllib.parse import quote

HEAD_BYTES = 512
"""Bytes of a file that `sniff` needs."""
FILENAME_LENGTH = 255

OCTETS = "application/octet-stream"
TEXT = "text/plain"
INLINE = ("image/", "video/", "audio/")
"""Types that a browser may show in a page; all others are downloads."""

PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),  # BigTIFF
    (b"MM\x00+", "image/tiff"),
    (b"v/1\x01", "image/x-exr"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    # MPEG 1, 2 and 2.5, each with a checksum (an even byte) and without: MP3 and MP2 (RFC 3003)
    *((bytes((0xFF, head)), "audio/mpeg") for head in (0xFA, 0xFB, 0xF2, 0xF3, 0xE2, 0xE3)),
    *((bytes((0xFF, head)), "audio/mpeg") for head in (0xFC, 0xFD, 0xF4, 0xF5, 0xE4, 0xE5)),
    *((bytes((0xFF, head)), "audio/aac") for head in (0xF0, 0xF1, 0xF8, 0xF9)),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\x01\xba", "video/mpeg"),  # a program stream (ISO/IEC 13818-1)
    (b"glTF", "model/gltf-binary"),
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
MP4_BRANDS = {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
PICTURE_BRANDS = AVIF_BRANDS | HEIC_BRANDS | {b"mif1", b"msf1"}
"""`mif1` and `msf1` leave the codec to the compatible brands (ISO/IEC 23008-12)."""
CHUNKED = {b"RIFF": RIFF, b"FORM": {b"AIFF": "audio/aiff", b"AIFC": "audio/aiff"}}
THEORA = b"\x80theora"
"""The first packet of a picture track in Ogg."""
TS_PACKET_BYTES, TS_SYNC = 188, b"GGG"
"""Each packet of an MPEG transport stream begins with 0x47 (ISO/IEC 13818-1)."""
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_SOUND = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
ASF_PICTURE = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
"""Identifiers of the file and of its kinds of tracks (Advanced Systems Format, section 10)."""
EBML = b"\x1a\x45\xdf\xa3"
BITMAP_HEADERS = (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
"""Sizes of the headers that bitmaps have: "BM" alone is too common a beginning."""

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/x-exr": "exr",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/ogg": "ogv",
    "video/x-flv": "flv",
    "video/mp2t": "ts",
    "video/mpeg": "mpg",
    "video/x-ms-wmv": "wmv",
    "audio/x-ms-wma": "wma",
    "audio/ogg": "ogg",
    "audio/aiff": "aiff",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "model/gltf-binary": "glb",
    TEXT: "txt",
}


SPELLINGS = {ending: ending for ending in EXTENSIONS.values()} | {
    "jpeg": "jpg",
    "jfif": "jpg",
    "tif": "tiff",
    "heif": "heic",
}
"""Endings of known types → their spelling here."""


def sniff(head: bytes) -> str | None:
    """Return the content type of a file that begins with `head`, or None if it has none."""
    for prefix, content_type in PREFIXES:
        if head.startswith(prefix):
            return content_type
    if head[4:8] == b"ftyp":
        return sniff_brands(head)
    if chunked := CHUNKED.get(head[:4]):
        return chunked.get(head[8:12])
    return sniff_stream(head)


def sniff_stream(head: bytes) -> str | None:
    if head.startswith(b"OggS"):
        return "video/ogg" if THEORA in head else "audio/ogg"
    if head.startswith(EBML):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head.startswith(ASF):
        is_sound = ASF_SOUND in head and ASF_PICTURE not in head
        return "audio/x-ms-wma" if is_sound else "video/x-ms-wmv"
    if head[:HEAD_BYTES:TS_PACKET_BYTES] == TS_SYNC:
        return "video/mp2t"
    is_bitmap = head.startswith(b"BM") and head[14:18] in BITMAP_HEADERS
    return "image/bmp" if is_bitmap else None


def sniff_brands(head: bytes) -> str | None:
    """Return the type of an ISO base media file by the brands in its first box."""
    brand = head[8:12]
    if brand not in PICTURE_BRANDS:
        return MP4_BRANDS.get(brand, "video/mp4")
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {brand, *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & AVIF_BRANDS:
        return "image/avif"
    return "image/heic" if brands & HEIC_BRANDS else None


def extension(content_type: str) -> str:
    return EXTENSIONS.get(content_type, "bin")


def named_as(filename: str, content_type: str) -> str:
    """Return the name with the ending of its content type instead of another type's ending.

    Endings of no known type, such as `.md`, stay.
    """
    if content_type not in EXTENSIONS:
        return filename
    path = PurePosixPath(filename)
    spelled = SPELLINGS.get(path.suffix.lower().removeprefix("."))
    if spelled is None or spelled == extension(content_type):
        return filename
    return f"{path.stem[: FILENAME_LENGTH - 5]}.{extension(content_type)}"


def content_type_header(content_type: str) -> str:
    """Return the type as an answer says it: text is UTF-8, which a browser would not guess."""
    return f"{TEXT}; charset=utf-8" if content_type == TEXT else content_type


def content_disposition(content_type: str, filename: str, *, is_download: bool = False) -> str:
    """Return the header that shows safe types in the page and downloads all others (RFC 6266)."""
    is_safe = content_type.startswith(INLINE) and "svg" not in content_type
    is_inline = is_safe and not is_download
    place = "inline" if is_inline else "attachment"
    name = quote(named_as(filename, content_type), safe="")
    return f"{place}; filename*=UTF-8''{name}"

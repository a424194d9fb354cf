"""What bytes are, by their first bytes; names and claimed types count for nothing.

The list is closed. What is not on it has no type, and is served as `text/plain` if all of it is
text, else as `application/octet-stream`: nothing that a browser would execute (HTML, SVG) ever
comes out under its own type.
"""

import re

HEAD_BYTES = 512
"""How much of a file the sniffer needs to see."""

OCTETS = "application/octet-stream"
TEXT = "text/plain"

RASTER = frozenset(
    {
        *("image/png", "image/jpeg", "image/webp", "image/gif"),
        *("image/bmp", "image/tiff", "image/avif", "image/heic"),
    }
)
"""Pictures that are decoded here. SVG is a program."""

PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"glTF", "model/gltf-binary"),
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
MP4_BRANDS = {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
PICTURE_BRANDS = AVIF_BRANDS | HEIC_BRANDS | {b"mif1", b"msf1"}
"""`mif1` and `msf1` leave it to the compatible brands what codec it is (ISO/IEC 23008-12)."""
EBML = b"\x1a\x45\xdf\xa3"

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "model/gltf-binary": "glb",
    TEXT: "txt",
}


def sniff(head: bytes) -> str | None:
    """Content type of a file that begins with `head`; None for what is not on the list."""
    for prefix, content_type in PREFIXES:
        if head.startswith(prefix):
            return content_type
    if head.startswith(b"RIFF"):
        return RIFF.get(head[8:12])
    if head.startswith(EBML):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[4:8] == b"ftyp":
        return of_brands(head)
    # "BM" alone is too common: a bitmap also says that its header has one of the known sizes.
    if head.startswith(b"BM") and head[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return "image/bmp"
    return None


def of_brands(head: bytes) -> str | None:
    """Type of an ISO base media file, by the brands of its first box."""
    brand = head[8:12]
    if brand not in PICTURE_BRANDS:
        return MP4_BRANDS.get(brand, "video/mp4")
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {brand, *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & AVIF_BRANDS:
        return "image/avif"
    return "image/heic" if brands & HEIC_BRANDS else None


def fits(kind: str, content_type: str | None) -> bool:
    """Say whether a file of that type may be a medium of that kind."""
    if kind == "file":
        return True
    if content_type is None:
        return False
    if kind in ("image", "mask"):
        return content_type in RASTER
    prefix = {"video": "video/", "audio": "audio/", "3d": "model/", "text": TEXT}[kind]
    return content_type.startswith(prefix)


def result_type(kind: str, head: bytes) -> str:
    """Content type under which a result is served; the agent's word decides only for text."""
    return sniff(head) or (TEXT if kind == "text" else OCTETS)


def is_digest(blake3: str) -> bool:
    """Say whether it is 32 bytes in lower-case hex: digests end up in headers and names."""
    return re.fullmatch(r"[0-9a-f]{64}", blake3) is not None


def extension(content_type: str) -> str:
    return EXTENSIONS.get(content_type, "bin")

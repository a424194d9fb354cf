"""A folder of files made to hurt: name, kind, bytes, and the reason for which each is refused."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from .adapters.clips import a_video
from .adapters.pictures import a_picture, encoded, gray

PNG = b"\x89PNG\r\n\x1a\n"
FRAME = b"\x2c" + bytes(4) + b"\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
HTML = b"<html><script>alert(1)</script>"


@dataclass(frozen=True, slots=True)
class Hostile:
    name: str
    data: bytes
    reason: str | None
    """None: it does no harm once it was taken in."""
    kind: str = "image"


def hostile_files() -> Iterator[Hostile]:
    photo = encoded(a_picture((300, 200)), "JPEG")
    png = encoded(a_picture((300, 200)))
    yield Hostile("empty.png", b"", "empty_file")
    yield Hostile("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong_content")
    yield Hostile("svg.png", b"<?xml version='1.0'?><svg onload='a()'/>", "wrong_content")
    yield Hostile("program.png", b"MZ\x90\0" + bytes(500), "wrong_content")
    yield Hostile("film.png", b"\0\0\0\x20ftypisom" + bytes(500), "wrong_content")
    yield Hostile("picture.mp4", png, "wrong_content", "video")
    yield Hostile("words.mp3", b"words", "wrong_content", "audio")
    yield Hostile("half.jpg", photo[: len(photo) // 2], "unreadable")
    yield Hostile("half.png", png[: len(png) // 2], "unreadable")
    yield Hostile("script.gif", b"GIF89a=1;alert(1)//" + bytes(50), "unreadable")
    yield Hostile("page.png", png + HTML, None)
    yield Hostile("archive.jpg", photo + b"PK\x03\x04" + bytes(500), None)
    yield Hostile("../../etc/passwd\0\u202egnp.exe", png, None)
    yield Hostile("bomb.png", a_png(50_000, 50_000), "too_many_pixels")
    yield Hostile("100-megapixels.png", a_png(10_000, 10_000), "too_many_pixels")
    yield Hostile("100-megapixels.jpg", large_jpeg(), "too_many_pixels")
    yield Hostile("mostly-missing.png", a_png(3_000, 3_000, rows=10), None)
    yield Hostile("10000-frames.gif", a_gif(10_000), "too_many_frames")
    yield Hostile("wide.gif", a_gif(1, wide=True), "too_many_pixels")
    yield Hostile("text-bomb.png", with_text_bomb(png), None)
    yield Hostile("profile-bomb.png", with_profile_bomb(png), None)
    yield Hostile("bomb.tiff", a_tiff(), "too_many_pixels")
    yield from large_pictures()
    yield Hostile("100-mebibytes.txt", b"a" * 100 * 1024**2, None, "file")
    yield Hostile("black.png", encoded(gray([[0, 0]])), "empty_mask", "mask")
    yield Hostile("white.png", encoded(gray([[255, 255]])), "full_mask", "mask")
    yield Hostile("moving.gif", a_gif(3), "animated_mask", "mask")


def large_pictures() -> Iterator[Hostile]:
    yield Hostile("49-megapixels.png", a_png(7_000, 7_000, rows=7_000), None)
    yield Hostile("49-turned.jpg", turned_jpeg(), None)
    yield Hostile("25-megapixels.webp", a_webp(5_000, 5_000), None)
    yield Hostile("49-megapixels.webp", a_webp(7_000, 7_000), "too_many_pixels")


def hostile_films() -> Iterator[Hostile]:
    film = a_video()
    at = film.index(b"stts") + 16
    endless = film[:at] + struct.pack(">I", 2**31 - 1) + film[at + 4 :]
    at = film.index(b"stsz") + 8
    countless = film[:at] + struct.pack(">II", 1, 2**31 - 1) + film[at + 8 :]
    yield Hostile("half.mp4", film[: len(film) // 2], "unreadable", "video")
    yield Hostile("endless.mp4", endless, "too_long", "video")
    yield Hostile("countless.mp4", countless, "unreadable", "video")
    yield Hostile("page.mp4", film + HTML, None, "video")
    yield Hostile("film.jpg", film, "wrong_content")
    yield Hostile("film.webm", film, None, "video")
    yield Hostile("large.mp4", a_video(size=(3_840, 2_160)), None, "video")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def a_png(width: int, height: int, rows: int = 100) -> bytes:
    """Transparent black; `rows` are there of as many as the header says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    packer = zlib.compressobj(1)
    row = bytes(1 + 4 * width)
    pixels = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def large_jpeg() -> bytes:
    """A small one whose header says that it is large."""
    data = bytearray(encoded(Image.new("L", (16, 16)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 10_000, 10_000)
    return bytes(data)


def turned_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.new("RGB", (7_000, 7_000), "navy"), "JPEG", exif=exif, quality=30)


def a_webp(width: int, height: int) -> bytes:
    return encoded(Image.new("RGBA", (width, height), (9, 9, 9, 9)), "WEBP", method=0, quality=30)


def a_gif(frames: int, *, wide: bool = False) -> bytes:
    size = struct.pack("<HH", *((60_000, 60_000) if wide else (1, 1)))
    head = b"GIF89a" + size + b"\x80\x00\x00" + bytes(3) + b"\xff\xff\xff"
    return head + FRAME * frames + b"\x3b"


def a_tiff() -> bytes:
    """Nothing but a header of 60 000 by 60 000 pixels."""
    tags = ((256, 4, 60_000), (257, 4, 60_000), (258, 3, 8), (259, 3, 1), (262, 3, 1))
    places = ((273, 4, 8), (277, 3, 1), (278, 4, 60_000), (279, 4, 100))
    entries = [struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags + places]
    count = struct.pack("<H", len(entries))
    return b"II*\x00" + struct.pack("<I", 8) + count + b"".join(entries) + bytes(4)


def with_text_bomb(png: bytes) -> bytes:
    return inserted(png, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 1)))


def with_profile_bomb(png: bytes) -> bytes:
    return inserted(png, chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(200_000_000), 1)))


def inserted(png: bytes, extra: bytes) -> bytes:
    at = len(PNG) + 25
    return png[:at] + extra + png[at:]

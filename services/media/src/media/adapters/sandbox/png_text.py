"""Reads PNGs whose text or color profile is larger than Pillow allows.

ComfyUI writes whole workflows into text, and media strips text anyway, so its size is no reason to
refuse a picture. Pillow raises ValueError, which a worker would report as a damaged file.
"""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

from PIL import PngImagePlugin

METADATA = frozenset({b"iCCP", b"tEXt", b"zTXt", b"iTXt"})
MAX_CHUNK_BYTES = 16 * 1024**2
"""Decompressed size of a text or profile that is read; profiles of printers have some MiB."""


class LenientPngStream(PngImagePlugin.PngStream):
    """Leaves out text and profiles that are too large to read."""

    def call(self, cid: bytes, pos: int, length: int) -> bytes:
        try:
            return super().call(cid, pos, length)
        except ValueError:
            if cid not in METADATA or self.fp is None:
                raise
            self.fp.seek(pos)
            return self.fp.read(length)

    def crc(self, cid: bytes, data: bytes) -> None:
        """Skip the checksum of what is left out anyway; raise SyntaxError for a wrong other one."""
        if cid in METADATA:
            self.crc_skip(cid, data)
        else:
            super().crc(cid, data)


def allow_large_metadata() -> None:
    PngImagePlugin.MAX_TEXT_CHUNK = MAX_CHUNK_BYTES
    PngImagePlugin.PngStream = LenientPngStream

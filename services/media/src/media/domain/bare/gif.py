"""Strips GIF: comments and unknown extensions are left out (version 89a, sections 18 to 26)."""

from collections.abc import Iterator

HEAD, PICTURE, CONTROL = 13, 0x2C, 0xF9
APPLICATIONS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError unless `data` begins with one whole GIF."""
    if data[:4] != b"GIF8" or len(data) < HEAD:
        raise ValueError("no GIF")
    at = HEAD + color_bytes(data[10])
    if at > len(data):
        raise ValueError("the colors are cut short")
    yield data[:at]
    while True:
        match data[at : at + 1]:
            case b"\x2c":
                place = at + 10
                end = chain_end(data, place + color_bytes(data[place - 1 : place]) + 1)
            case b"\x21":
                end = chain_end(data, at + 2)
            case b"\x3b" | b"":  # many encoders leave the trailer out
                yield b"\x3b"
                return
            case _:
                raise ValueError("a block is cut short")
        if data[at] == PICTURE or is_kept(data[at:end]):
            yield data[at:end]
        at = end


def is_kept(extension: bytes) -> bool:
    """Return whether an extension says how frames are shown."""
    return extension[1] == CONTROL or extension[3:14] in APPLICATIONS


def color_bytes(flags: bytes | int) -> int:
    """Return the size of the color table that a byte of flags announces."""
    value = flags if isinstance(flags, int) else int.from_bytes(flags, "big")
    return 3 * 2 ** ((value & 7) + 1) if value & 0x80 else 0


def chain_end(data: bytes, at: int) -> int:
    """Return the end of the chain of sub-blocks that begins at `at`."""
    while size := data[at : at + 1]:
        at += 1 + size[0]
        if size == b"\0":
            return at
    raise ValueError("a block is cut short")

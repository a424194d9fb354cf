"""Server-sent events on the wire (HTML standard, 9.2)."""

COMMENT = b":\n\n"
RETRY = b"retry: 2000\n\n"
"""Told to a client at first: reconnect after 2 s."""
MOST_DIGITS = 18


def frame(name: str, data: bytes, id_: int | None = None) -> bytes:
    """One event. `data` is JSON, so a line break can only be white space in it."""
    if b"\n" in data or b"\r" in data:
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    head = b"" if id_ is None else b"id: %d\n" % id_
    return b"%sevent: %s\ndata: %s\n\n" % (head, name.encode(), data)


def last_seen(header: str | None) -> int | None:
    """The number in `Last-Event-ID`; None if there is none that we could have sent."""
    if header is None or not (header.isascii() and header.isdigit()) or len(header) > MOST_DIGITS:
        return None
    return int(header)

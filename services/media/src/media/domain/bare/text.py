"""Strips text: it has no metadata, so it is kept as it is, unless it is a graph itself."""

import re
from collections.abc import Iterator

MARKS = (b"class_type", b"widgets_values")
"""Names that stand in every prompt, and in every graph as the editor saves it."""
CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that stand in no text; terminals know the others."""
LONGEST_LETTER = 4


def begins(head: bytes) -> bool:
    """Return whether `head` is UTF-8 text; its last letter may be cut."""
    readable = len(head.decode(errors="ignore").encode())
    return not CONTROLS.search(head) and readable > len(head) - LONGEST_LETTER


def strip(data: bytes) -> Iterator[bytes]:
    """Yield all of it. Raises ValueError if it is no text, or a graph."""
    if CONTROLS.search(data) or any(mark in data for mark in MARKS):
        raise ValueError("it is a graph, or no text")
    data.decode()  # or raises UnicodeDecodeError
    yield data

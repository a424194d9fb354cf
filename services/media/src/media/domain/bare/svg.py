"""Strips SVG: comments and `metadata`, into which ComfyUI writes prompt and graph, are left out.

XML 1.0: `<` stands in no attribute and no text, so each one begins markup.
"""

import re
from collections.abc import Iterator

BEGINS = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>(?:\s+|<\?xml[^>]*>|<!DOCTYPE[^>]*>|<!--(?:(?!-->).)*-->)*)<svg[\s>]",
    re.DOTALL,
)
"""Atomic: a row of comments that no `<svg` follows would take exponential time otherwise."""
COMMENT = b"<!--"
WHOLE = {COMMENT: b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
"""Markup in which `<` and `>` mean nothing, and its ends."""
METADATA = re.compile(rb"</?(?:[\w.-]{1,64}:)?metadata[\s/>]")


def begins(head: bytes) -> bool:
    return BEGINS.match(head) is not None


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError if markup is cut short."""
    kept_from, depth = 0, 0
    for start, end in markup(data):
        is_comment = data.startswith(COMMENT, start)
        if not is_comment and not METADATA.match(data, start):
            continue
        if depth == 0:
            yield data[kept_from:start]
        if not is_comment and data[end - 2 : end] != b"/>":
            depth += -1 if data.startswith(b"</", start) else 1
        kept_from = end
    if depth:
        raise ValueError("the metadata is cut short")
    yield data[kept_from:]


def markup(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each tag, comment, section and instruction."""
    end = 0
    while (start := data.find(b"<", end)) >= 0:
        closing = next((WHOLE[mark] for mark in WHOLE if data.startswith(mark, start)), b">")
        found = data.find(closing, start)
        if found < 0:
            raise ValueError("a tag is cut short")
        end = found + len(closing)
        yield start, end

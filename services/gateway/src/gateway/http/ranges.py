"""Decides which part of a content a request asks for (RFC 9110, 14.1.2 and 14.2).

Only one valid range counts. A malformed range, another unit or several ranges are answered with
the whole content, as the RFC allows.
"""

import re

from gateway.http.problems import RefusedError

UNIT = "bytes="
SPEC = re.compile(r"([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18})")


def asked_part(header: str | None, size: int) -> str | None:
    """Return the requested part as `bytes=0-9`, both included, or None for all.

    Raises RefusedError (416) if it is outside.
    """
    if header is None or not header.lower().startswith(UNIT):
        return None
    specs = [spec for part in header[len(UNIT) :].split(",") if (spec := part.strip())]
    found = SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
    if found is None:
        return None
    start, end, suffix = found.groups()
    first = max(0, size - int(suffix)) if suffix else int(start)
    last = min(int(end), size - 1) if end else size - 1
    if end and int(end) < first:
        return None
    if first > last:
        headers = {"Content-Range": f"bytes */{size}"}
        detail = f"the content has {size} bytes"
        raise RefusedError(416, "range_not_satisfiable", detail, headers=headers)
    return f"{UNIT}{first}-{last}"

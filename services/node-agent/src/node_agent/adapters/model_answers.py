"""Reads the head of an answer that brings a model file."""

import httpx

from node_agent.ports import FileRefusedError

PARTIAL, UNSATISFIABLE = 206, 416
PASSING = frozenset({408, 425, 429})


class CutError(Exception):
    """The answer ended early, or a later one may be better."""


def is_complete(response: httpx.Response, fetched_bytes: int) -> bool:
    """Return whether the server knows no byte behind those."""
    return response.status_code == UNSATISFIABLE and (
        response.headers.get("Content-Range") == f"bytes */{fetched_bytes}"
    )


def begin_of(response: httpx.Response, asked: int) -> int:
    """Return the offset of the answer's first byte. Raises CutError, FileRefusedError."""
    status = response.status_code
    if status == PARTIAL:
        if response.headers.get("Content-Range", "").startswith(f"bytes {asked}-"):
            return asked
        raise FileRefusedError("its server answers with another part than was asked for")
    if status in PASSING or response.is_server_error:
        raise CutError(f"its server answers {status}")
    if not response.is_success:
        raise FileRefusedError(f"its server answers {status}")
    return 0


def announced_bytes(response: httpx.Response) -> int:
    text = response.headers.get("Content-Length", "")
    if not text.isdecimal() or "Content-Encoding" in response.headers:
        raise FileRefusedError("its server does not say its size")
    return int(text)

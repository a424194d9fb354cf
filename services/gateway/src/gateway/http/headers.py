"""Request headers with a meaning of their own: repeats of a creation, waiting for an end."""

import hashlib
import hmac
import re
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Header, Request, Response

from contracts.access import IdempotencyKey
from gateway.http.bodies import malformed

LONGEST_WAIT = 60
KEY = re.compile(r"[\x21-\x7e]{1,255}")
PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])")
REPEATED = "Idempotency-Replayed"
LOCATED: dict[int | str, dict[str, Any]] = {
    201: {
        "headers": {
            "Location": {"description": "Path of the result.", "schema": {"type": "string"}}
        }
    }
}
"""Declares the header `Location` of a 201."""

KeyHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Your name for this request: a repeat within 24 h replays the first answer.",
    ),
]


PreferHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Prefer",
        description="`wait=N`: answer when the job ends, or after N seconds, at most 60.",
    ),
]
# Dependencies read the headers themselves, as `HotRoute` wants it; the parameters document them.


async def repeat_name(request: Request, _: KeyHeader = None) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        message = "expected 1 to 255 visible ASCII characters"
        raise malformed("Idempotency-Key", "invalid", message)
    return key


async def repeat_key(request: Request, _: KeyHeader = None) -> IdempotencyKey | None:
    """Return the key with a digest of the body and of the ids in the path."""
    if (name := await repeat_name(request)) is None:
        return None
    ids = "".join(map(str, request.path_params.values())).encode()
    digest = body_digest(request.app.state.body_secret, ids + await request.body())
    return IdempotencyKey(key=name, body_digest=digest)


async def wait_seconds(request: Request, _: PreferHeader = None) -> int:
    """Return N of `Prefer: wait=N` (RFC 7240), at most 60; 0 if there is none."""
    found = PREFER_WAIT.search(request.headers.get("prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


RepeatName: TypeAlias = Annotated[str | None, Depends(repeat_name)]
RepeatKey: TypeAlias = Annotated[IdempotencyKey | None, Depends(repeat_key)]
WaitSeconds: TypeAlias = Annotated[int, Depends(wait_seconds)]


def body_digest(secret: bytes, body: bytes) -> str:
    """Return a fingerprint of a body that says nothing about it without the secret."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def mark_created(answer: Response, location: str | None = None, *, is_repeat: bool = False) -> None:
    """Set the headers of a 201: where the result is, and whether a repeat got it again."""
    if location:
        answer.headers["Location"] = location
    if is_repeat:
        answer.headers[REPEATED] = "true"

"""Reads the headers `Idempotency-Key` and `Prefer`, and sets the headers of a 201."""

import hashlib
import hmac
import re
from typing import Annotated, Literal, NamedTuple, TypeAlias

from fastapi import Depends, Header, Request, Response

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError
from gateway.http.bodies import malformed

MAX_WAIT_SECONDS = 60
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])")
IDEMPOTENCY_REPLAYED = "Idempotency-Replayed"

IdempotencyKeyHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Your key for this request. A repeat within 24 hours gets the first request's "
        "result.",
    ),
]


OnceKeyHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Your key for this request. A repeat within 24 hours is a 409 "
        "`idempotency_key_used`, since a secret is shown only once.",
    ),
]
RepeatHeader: TypeAlias = Annotated[
    Literal["replay", "reject"],
    Header(
        alias="Idempotency-Repeat",
        description="`reject`: a repeat of your idempotency key is a 409 `idempotency_key_used`; "
        "`replay`: it gets the first request's result.",
    ),
]
PreferHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Prefer",
        description="`wait=N`: respond when the job ends, or after N seconds (at most 60).",
    ),
]
# Dependencies read the headers themselves, as `HotRoute` wants it; the parameters document them.


class CallersKey(IdempotencyKey):
    """An idempotency key, and what the caller wants if it was used before."""

    rejects_repeats: bool = False


class SentKey(NamedTuple):
    """The headers of an idempotency key, before the digest of its request is known."""

    key: str
    rejects_repeats: bool

    def with_digest(self, digest: str) -> CallersKey:
        return CallersKey(key=self.key, body_digest=digest, rejects_repeats=self.rejects_repeats)


async def sent_key(
    request: Request, _: IdempotencyKeyHeader = None, __: RepeatHeader = "replay"
) -> SentKey | None:
    rule = request.headers.get("idempotency-repeat", "replay")
    if rule not in ("replay", "reject"):
        raise malformed("Idempotency-Repeat", "invalid", "expected `replay` or `reject`")
    key = request.headers.get("idempotency-key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        message = "expected 1 to 255 visible ASCII characters"
        raise malformed("Idempotency-Key", "invalid", message)
    return None if key is None else SentKey(key, rule == "reject")


async def idempotency_key(
    request: Request, _: IdempotencyKeyHeader = None, __: RepeatHeader = "replay"
) -> CallersKey | None:
    """Return the key with a digest of the body and of the ids in the path."""
    if (key := await sent_key(request)) is None:
        return None
    ids = "".join(map(str, request.path_params.values())).encode()
    # the secret keeps those who read the digest from trying bodies
    secret, sent = request.app.state.idempotency_secret, ids + await request.body()
    digest = hmac.new(secret, sent, hashlib.sha256).hexdigest()
    return key.with_digest(digest)


async def once_key(request: Request, _: OnceKeyHeader = None) -> CallersKey | None:
    """Return the key of a request whose answer cannot be given again."""
    return await idempotency_key(request)


async def wait_seconds(request: Request, _: PreferHeader = None) -> int:
    """Return N of `Prefer: wait=N` (RFC 7240), at most 60; 0 if there is none."""
    found = PREFER_WAIT.search(request.headers.get("prefer", ""))
    return min(int(found[1]), MAX_WAIT_SECONDS) if found else 0


MaybeSentKey: TypeAlias = Annotated[SentKey | None, Depends(sent_key)]
MaybeIdempotencyKey: TypeAlias = Annotated[CallersKey | None, Depends(idempotency_key)]
MaybeOnceKey: TypeAlias = Annotated[CallersKey | None, Depends(once_key)]
WaitSeconds: TypeAlias = Annotated[int, Depends(wait_seconds)]


def mark_created(
    answer: Response, location: str, *, is_replay: bool, key: CallersKey | None
) -> None:
    """Set the headers of a 201: where the result is, and whether an earlier request made it.

    Raises ConflictError for a replay that the caller does not want.
    """
    if is_replay and key and key.rejects_repeats:
        raise ConflictError(f"the key made {location}", code="idempotency_key_used")
    answer.headers["Location"] = location
    if is_replay:
        answer.headers[IDEMPOTENCY_REPLAYED] = "true"

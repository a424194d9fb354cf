"""Declares the answers of operations: which problems can occur, and which headers are sent.

Most follow from the signature of an endpoint; `refusals` and `sends` declare the others.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from gateway.http.access import AdmitsActor, AdmitsSession
from gateway.http.admission import ALWAYS
from gateway.http.headers import IDEMPOTENCY_REPLAYED
from gateway.http.problem_types import PROBLEMS
from gateway.http.problems import PROBLEM_JSON, URN, Problem

Part: TypeAlias = dict[str, Any]

REF = "#/components/schemas/"
HEADERS = {
    "X-Request-ID": "Id of the request in the logs.",
    "Location": "Path or URL of the result.",
    IDEMPOTENCY_REPLAYED: "`true`: an earlier request with this idempotency key made the result.",
    "Preference-Applied": "`wait=N`, if the answer waited for the end of the job.",
    "ETag": "Tag of the content, for `If-None-Match`.",
    "Cache-Control": "How long caches may keep the content; `no-store` if it is not sent.",
    "Content-Disposition": "Whether a browser shows or saves the content, and its file name.",
    "Accept-Ranges": "`bytes`: `Range` can ask for a part.",
    "Content-Range": "First and last byte of this part, and the size of the whole.",
    "X-Accel-Buffering": "`no`: a proxy must pass events on at once.",
    "Set-Cookie": "The refresh token, for the gateway's own pages.",
    "WWW-Authenticate": "The challenge of RFC 6750.",
    "Retry-After": "Seconds to wait before the next try.",
    "RateLimit-Limit": "Requests that the caller may make at once.",
    "RateLimit-Remaining": "Requests that are left.",
    "RateLimit-Reset": "Seconds until another request is possible.",
}
HEADERS_OF_STATUS = {
    201: ("Location",),
    307: ("Location",),
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    429: ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    503: ("Retry-After",),
}
CODES_OF_PARAMETER = {
    "cursor": ("bad_cursor", "bad_text"),
    "Idempotency-Key": ("idempotency_key_reused", "malformed"),
    "Idempotency-Repeat": ("idempotency_key_used",),
}
HEADERS_OF_PARAMETER = {
    "Idempotency-Key": ((200, 201), (IDEMPOTENCY_REPLAYED,)),
    "Prefer": ((200, 201), ("Preference-Applied",)),
    "If-None-Match": ((200, 206, 304), ("ETag", "Cache-Control")),
}
"""By parameter: the statuses of answers that have headers because of it, and these."""


def refusals(*codes: str) -> dict[int | str, Part]:
    """Declare problems that do not follow from the signature of an endpoint."""
    return {
        status: {"content": {PROBLEM_JSON: {"examples": {code: {} for code in found}}}}
        for status, known in PROBLEMS.items()
        if (found := [code for code in codes if code in known])
    }


def sends(*headers: str) -> Part:
    """Declare headers that do not follow from the status and the parameters."""
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}}


def declare_problems(answers: dict[str, Part], codes: set[str]) -> set[str]:
    """Declare these problems and those that the endpoint named by `refusals`; return them all."""
    all_found: set[str] = set()
    for status, known in PROBLEMS.items():
        declared = answers.get(str(status), {})
        named = declared.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
        if found := [code for code in known if code in codes or code in named]:
            examples = {code: {"$ref": f"#/components/examples/{code}"} for code in found}
            all_found.update(found)
            schema = {"$ref": REF + Problem.__name__}
            answers[str(status)] = declared | {
                "description": " ".join(f"{known[code]} (`{code}`)." for code in found),
                "content": {PROBLEM_JSON: {"schema": schema, "examples": examples}},
            }
    return all_found


def codes_of(
    path: str, operation: Part, dependencies: list[object], asked: set[str]
) -> Iterator[str]:
    """Yield the problems that follow from what an operation has."""
    yield from codes_of_path(path)
    if operation["security"]:
        yield from ("unauthorized", "rate_limited")
    if any(isinstance(call, AdmitsActor) and call.permissions for call in dependencies):
        yield "missing_permission"
    if any(isinstance(call, AdmitsSession) for call in dependencies):
        yield "session_needed"
    if "{" in path:
        yield "not_found"
    for name in asked:
        yield from ("invalid", *CODES_OF_PARAMETER.get(name, ()))
    if "requestBody" in operation:
        yield from ("too_slow", "too_large", "unsupported_media_type", "malformed", "invalid")


def codes_of_path(path: str) -> Iterator[str]:
    yield "internal"
    if path not in ALWAYS:
        yield from ("rate_limited", "overloaded")
    if path.startswith("/v1"):
        yield from ("unavailable", "no_answer", "bad_answer", "too_large")


def problem_examples(like: Part, used: set[str]) -> Part:
    """Return an example of each of these problems, by code."""
    return {
        code: {
            "summary": title,
            "value": like | {"type": URN + code, "title": title, "status": status, "detail": title},
        }
        for status, codes in PROBLEMS.items()
        for code, title in codes.items()
        if code in used
    }

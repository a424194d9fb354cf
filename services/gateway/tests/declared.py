"""Refuses an answer of the gateway that its OpenAPI document does not declare."""

import functools
import re
from typing import Any

import httpx

from gateway.app import ROUTERS
from gateway.http.application import application
from gateway.http.middleware import DEFAULTS, SECURITY

PROBLEM_JSON = "application/problem+json"
ALWAYS = {
    *(name.decode() for name, _ in (*SECURITY, *DEFAULTS)),
    *("access-control-allow-origin", "access-control-expose-headers"),
    *("access-control-allow-credentials", "vary"),
    "strict-transport-security",
    *("content-type", "content-length", "transfer-encoding", "date", "server"),
}


@functools.cache
def paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Return the operations of each path, paths without parameters first."""
    found = application(ROUTERS, "0").openapi()["paths"]
    return [
        (re.compile(re.sub(r"{\w+}", "[^/]+", path)), found[path])
        for path in sorted(found, key=lambda path: "{" in path)
    ]


async def check_declared(response: httpx.Response) -> None:
    """Check the status, the headers, the content type and the problem of an answer."""
    request = response.request
    found = [methods for path, methods in paths() if path.fullmatch(request.url.path)]
    operation = found[0].get(request.method.lower()) if found else None
    if operation is None:
        return
    name = operation["operationId"]
    answers = operation["responses"]
    assert str(response.status_code) in answers, (name, response.status_code)
    answer = answers[str(response.status_code)]
    sent = response.headers.keys() - ALWAYS - {header.lower() for header in answer["headers"]}
    assert not sent, (name, response.status_code, sent)
    kind = response.headers.get("content-type", "").partition(";")[0]
    content = answer.get("content", {})
    assert not content or {kind, "*/*"} & content.keys(), (name, response.status_code, kind)
    if kind == PROBLEM_JSON:
        await response.aread()
        code = response.json()["type"].rsplit(":", 1)[-1]
        assert code in content[PROBLEM_JSON]["examples"], (name, response.status_code, code)

"""Decides whether the settings of a server can be used: its address, headers and engine."""

import re
from urllib.parse import SplitResult, urlsplit

from contracts.errors import FieldError, InvalidError
from contracts.scheduler.nodes import ENGINES, MAX_SETTINGS_BYTES, NewNode, NodeSettings

MOST_HEADERS = 50
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""A token of RFC 9110."""
HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]{0,4000}[\x21-\x7e])?)?")
RESERVED_HEADERS = frozenset(
    {"connection", "content-length", "content-type", "te", "transfer-encoding", "upgrade"}
)
"""Headers that every request sets for itself."""
LOOPBACKS = frozenset({"localhost", "::1", "127.0.0.1"})
PORTS = {"http": 80, "https": 443}


def checked(node: NewNode) -> NewNode:
    """Return the node with its URL in one form; raise Invalid that names each wrong field."""
    problems = header_problems(node.headers)
    is_header = bool(problems)
    if expected := why_unusable(node.base_url):
        problems.append(FieldError(path="base_url", code="bad_url", message=expected))
    if is_unknown := node.engine not in ENGINES:
        message = f"expected one of {', '.join(ENGINES)}"
        problems.append(FieldError(path="engine", code="not_a_choice", message=message))
    if len(node.model_dump_json().encode()) > MAX_SETTINGS_BYTES:
        message = f"expected at most {MAX_SETTINGS_BYTES} bytes of settings in all"
        problems.append(FieldError(path="body", code="too_long", message=message))
    if problems:
        text = "; ".join(f"{problem.path}: {problem.message}" for problem in problems)
        raise InvalidError(
            text,
            code="unknown_engine"
            if is_unknown
            else ("bad_url" if expected else "bad_header" if is_header else "invalid"),
            errors=problems,
        )
    return node.model_copy(update={"base_url": node.base_url.rstrip("/")})


def why_unusable(base_url: str) -> str | None:
    """Name the expectation that the URL breaks first; None if it can be a server's."""
    if not (base_url.isascii() and base_url.isprintable() and " " not in base_url):
        return "expected a URL of visible ASCII characters"
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return "expected an http or https URL"
    if parts.scheme not in PORTS or not parts.hostname:
        return "expected an http or https URL with a host"
    if "@" in parts.netloc:
        return "expected a URL without credentials"
    if parts.query or parts.fragment:
        return "expected a URL without query and fragment"
    return None if has_port(parts) else "expected a port from 1 to 65535"


def has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def header_problems(headers: dict[str, str]) -> list[FieldError]:
    if len(headers) > MOST_HEADERS:
        message = f"expected at most {MOST_HEADERS}"
        return [FieldError(path="headers", code="too_many", message=message)]
    problems: list[FieldError] = []
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in RESERVED_HEADERS:
            message = "expected names of headers that no request sets for itself"
            problems.append(FieldError(path="headers", code="bad_header", message=message))
        elif not HEADER_VALUE.fullmatch(value):
            message = "expected a value of visible ASCII characters, without line breaks"
            path = f"headers.{name}"
            problems.append(FieldError(path=path, code="bad_header", message=message))
    return problems


def server_of(node: NodeSettings) -> tuple[str, int | None, str, str | None]:
    """Return one value for all nodes that certainly are one server.

    Each machine has loopback addresses of its own.
    """
    address = address_of(node.base_url)
    return *address, node.machine if address[0] in LOOPBACKS else None


def address_of(base_url: str) -> tuple[str, int | None, str]:
    """Return one value for all URLs that certainly name one server."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    host = "127.0.0.1" if host in LOOPBACKS else host
    return host, parts.port or PORTS.get(parts.scheme), parts.path

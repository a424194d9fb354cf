"""What an operator may say of a ComfyUI server: an address and headers that can be used."""

import re
from urllib.parse import SplitResult, urlsplit

from contracts.errors import FieldError, InvalidError
from contracts.nodes import NewNode

MOST_HEADERS = 50
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""A token of RFC 9110."""
HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]{0,4000}[\x21-\x7e])?)?")
OURS = frozenset(
    {"connection", "content-length", "content-type", "te", "transfer-encoding", "upgrade"}
)
"""Headers that belong to each request by itself."""
LOOPBACKS = frozenset({"localhost", "::1", "127.0.0.1"})
PORTS = {"http": 80, "https": 443}


def checked(node: NewNode) -> NewNode:
    """The node with its URL in one form; raises Invalid with the field that is wrong."""
    problems = [*header_problems(node.headers)]
    if (parts := address(node.base_url)) is None:
        message = "an http or https URL without credentials"
        problems.append(FieldError(path="base_url", code="bad_url", message=message))
    if problems or parts is None:
        text = "; ".join(f"{problem.path}: expected {problem.message}" for problem in problems)
        raise InvalidError(text, code=problems[-1].code, errors=problems)
    return node.model_copy(update={"base_url": node.base_url.rstrip("/")})


def address(base_url: str) -> SplitResult | None:
    """The parts of a URL at which a ComfyUI can be; None if none can be there."""
    is_plain = base_url.isascii() and base_url.isprintable() and " " not in base_url
    try:
        parts = urlsplit(base_url)
        has_place = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts if is_plain and has_place and is_bare else None


def header_problems(headers: dict[str, str]) -> list[FieldError]:
    if len(headers) > MOST_HEADERS:
        message = f"at most {MOST_HEADERS}"
        return [FieldError(path="headers", code="too_many", message=message)]
    problems: list[FieldError] = []
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in OURS:
            message = "names of headers that belong to no request by itself"
            problems.append(FieldError(path="headers", code="bad_header", message=message))
        elif not HEADER_VALUE.fullmatch(value):
            message = "a value of visible ASCII characters, without line breaks"
            path = f"headers.{name}"
            problems.append(FieldError(path=path, code="bad_header", message=message))
    return problems


def place_of(base_url: str) -> tuple[str, int | None, str]:
    """The same for two URLs that surely mean the same server."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    host = "127.0.0.1" if host in LOOPBACKS else host
    return host, parts.port or PORTS.get(parts.scheme), parts.path

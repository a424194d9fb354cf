"""Says why a server did not answer, in words that follow its address.

The address itself stays out: a text from here may be shown to the owner of a job.
"""

import socket
import ssl
from collections.abc import Iterator
from typing import cast

import httpx

NO_COMFYUI = "answers, but not as ComfyUI does"
WALLS = frozenset({401, 403, 407})
SPECIFIC: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refuses the connection: nobody listens there"),
    (socket.gaierror, "has a name that nobody knows"),
    (ssl.SSLCertVerificationError, "has a certificate that is not trusted"),
    (ssl.SSLError, "does not speak TLS"),
    (httpx.TimeoutException, "does not answer in time"),
    (httpx.InvalidURL, "is no address"),
    (httpx.ConnectError, "cannot be reached"),
)


def why_silent(error: BaseException) -> str:
    """Return the text for the first known error among the error and its causes."""
    found = list(causes(error))
    for kind, text in SPECIFIC:
        if any(isinstance(cause, kind) for cause in found):
            return text
    return f"broke off ({type(error).__name__})"


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, its causes and the members of groups. Errors link backwards only."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from causes(member)
    if origin := error.__cause__ or error.__context__:
        yield from causes(origin)


def why_useless(status: int, what: str) -> str:
    """Return why this answer cannot come from ComfyUI."""
    if status in WALLS:
        return f"answers {status}: something in front of ComfyUI refuses the agent"
    return f"answers {status} to {what}"


def first_part(path: str) -> str:
    """Return the path without ids, for error texts."""
    return f"/{path.split('/')[1]}"

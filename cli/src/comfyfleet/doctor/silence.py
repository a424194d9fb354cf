"""Says why a ComfyUI gave no answer, in words that follow its address."""

import socket
import ssl
from collections.abc import Iterator

import httpx
from websockets.exceptions import InvalidHandshake, InvalidStatus

REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refuses the connection: nobody listens there"),
    (socket.gaierror, "has a name that nobody knows"),
    (ssl.SSLCertVerificationError, "has a certificate that is not trusted"),
    (ssl.SSLError, "does not speak TLS"),
    (httpx.TimeoutException, "does not answer in time"),
    (TimeoutError, "does not answer in time"),
    (httpx.InvalidURL, "is no address"),
    (httpx.ConnectError, "cannot be reached"),
    (OSError, "cannot be reached"),
    (InvalidHandshake, "does not answer as a WebSocket"),
)


def why_silent(error: BaseException) -> str:
    """Return the text for the first known error among the error and its causes."""
    found = list(causes(error))
    for one in found:
        if isinstance(one, InvalidStatus):
            return f"answers {one.response.status_code}"
    for kind, text in REASONS:
        if any(isinstance(cause, kind) for cause in found):
            return text
    return "broke off the connection"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__

"""Reads the answer to a request, and refuses messages that are larger than NATS takes."""

from typing import TypeVar

from nats.aio.msg import Msg
from pydantic import BaseModel, ValidationError

from contracts.errors import ErrorBody, TooLargeError, UnavailableError, from_wire
from contracts.message import Request

A = TypeVar("A", bound=BaseModel)

HEADER_BYTES = 4 * 1024
"""Room for the headers of a message, which count too."""


def read_answer(request: Request[A], message: Msg) -> A:
    """Return the answer, or raise the error that the owner raised."""
    try:
        if kind := (message.headers or {}).get("Error-Kind"):
            raise from_wire(kind, ErrorBody.model_validate_json(message.data))
        answer = type(request).answer()
        return answer.model_validate_json(message.data)  # pyright: ignore[reportReturnType]
    except ValidationError as error:
        text = f"the answer of {type(request).owner()} cannot be read"
        raise UnavailableError(text, code="bad_answer") from error


def fits(body: bytes, largest_bytes: int) -> bool:
    """Return whether a message of at most that size can hold the body and its headers."""
    return len(body) + HEADER_BYTES <= largest_bytes


def refuse_too_large(subject: str, body: bytes, largest_bytes: int) -> None:
    if not fits(body, largest_bytes):
        raise TooLargeError(f"{len(body)} bytes of {subject} do not fit into one message")

"""Defines what the gateway needs from other services."""

from typing import Protocol, TypeVar

from pydantic import BaseModel

from contracts.message import Request

A = TypeVar("A", bound=BaseModel)


class Requests(Protocol):
    """Sends a request to the service that answers it."""

    async def call(self, request: Request[A], *, within: float = 5.0) -> A:
        """Return the answer, or raise an OperationError."""
        ...

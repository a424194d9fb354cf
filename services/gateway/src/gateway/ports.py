"""Names what the gateway needs from other services; everything else it asks of its own modules."""

from typing import Protocol, TypeVar

from pydantic import BaseModel

from contracts.message import Request

A = TypeVar("A", bound=BaseModel)


class Owners(Protocol):
    """The services that own things; they answer typed requests or raise typed errors."""

    async def call(self, request: Request[A], *, within: float = 5.0) -> A: ...

"""Declares how gateways share limits: each tells the others what it let through."""

from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from contracts.message import Signal

RateKind: TypeAlias = Literal["user", "key", "address", "login"]
"""Whose requests are counted; `login` counts attempts to log in by address."""
MOST_KEYS = 4_000


class RequestsSpent(Signal):
    """A gateway let requests through since it last said so, at most once a second.

    The others count them as their own. One that is lost lets a few requests more through.
    """

    subject: ClassVar[str] = "signal.request.spent.v1.{gateway_id}"
    sent_by: ClassVar = ("gateway",)
    received_by: ClassVar = ("gateway",)
    gateway_id: UUID = Field(exclude=True)
    counts: dict[RateKind, dict[str, int]] = Field(
        description=f"Number of requests by kind and key; of each kind the {MOST_KEYS} busiest."
    )

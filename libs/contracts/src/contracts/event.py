"""Defines events: durable facts that the owner of an aggregate publishes through its outbox.

On the wire an event is a CloudEvent 1.0 in structured JSON. A reader keeps the highest `version`
that it has seen of each aggregate and ignores events that are not newer.
"""

from datetime import datetime
from typing import ClassVar, NamedTuple, Self
from uuid import UUID

from pydantic import Field
from pydantic_core import from_json, to_json

from contracts.message import Message
from contracts.services import ServiceName


class Position(NamedTuple):
    """A place between events. Positions in a stream that was made anew are after all older ones."""

    stream: int
    """When the stream was made, in µs since 1970: its sequence numbers begin at 1."""
    sequence: int
    """Number of the last event before the place."""

    def follows(self, other: "Position") -> bool:
        """Return whether the same stream reaches this position after the other one."""
        return self.stream == other.stream and self.sequence > other.sequence


class Event(Message):
    """A fact about one aggregate at one version of it."""

    message_kind = "event"
    received_by: ClassVar[tuple[ServiceName, ...]] = ("gateway",)
    """Services that read the stream from a sequence number of their own choice."""
    aggregate_key: ClassVar[str]
    """The field with the id of the aggregate."""
    consumed_by: ClassVar[tuple[ServiceName, ...]] = ()
    """Services that handle each event at least once (`bus.consume`).

    A base class that declares it names the readers of all its subclasses.
    """

    version: int = Field(
        ge=1, description="Version of the aggregate; increases by 1 with each event."
    )
    occurred_at: datetime = Field(description="Time of the event by the owner's clock.")

    @property
    def aggregate_id(self) -> UUID | str:
        """Id of the aggregate, which is the CloudEvent's `subject`."""
        return getattr(self, self.aggregate_key)

    def event_id(self) -> str:
        """Return `<aggregate id>.<version>`: a fact has one id, however often it is sent."""
        return f"{self.aggregate_id}.{self.version}"

    @classmethod
    def event_type(cls) -> str:
        """Return the aggregate and the fact: `job.completed`."""
        return ".".join(cls.subject.split(".")[1:3])

    def encode(self) -> bytes:
        return to_json(
            {
                "specversion": "1.0",
                "id": self.event_id(),
                "source": "/comfyfleet",
                "type": f"comfyfleet.{self.event_type()}.v1",
                "subject": str(self.aggregate_id),
                "time": self.occurred_at,
                "datacontenttype": "application/json",
                "data": self.model_dump(mode="json", exclude_none=True),
            }
        )

    @classmethod
    def decode(cls, subject: str, body: bytes) -> Self:
        return cls.model_validate(
            {**cls.key_values(subject), **(from_json(body).get("data") or {})}
        )

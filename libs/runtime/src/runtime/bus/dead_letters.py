"""Keeps the events that a durable subscriber could not handle, for an operator to replay.

The stream DEAD_LETTERS holds each event as it was published, under
`dead.<service>.<class>.<event subject>`, with a record in a header; its number is its sequence
there. `replays.py` gives an event to its subscriber again.
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from datetime import datetime

from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError as MessageNotFoundError
from pydantic import BaseModel, Field

from contracts.services import ServiceName
from contracts.topology import DEAD_LETTERS_STREAM

RECORD = "Dead-Letter"
"""Header with the record, in JSON of ASCII letters."""
TRACE = ("traceparent", "tracestate")
MAX_TEXT = 2000
"""Letters of an error's text; a record stays below `SPARE_BYTES` of `nats_config`."""


class DeadLetter(BaseModel):
    """One event that one subscriber could not handle."""

    service: ServiceName = Field(description="The subscriber.")
    event_class: str = Field(description="The class of events that it consumes.")
    subject: str = Field(description="Subject of the event.")
    kind: str = Field(description="Kind of the error: one of the five, or `bug`.")
    code: str = Field(description="Code of the error; the name of the exception for a bug.")
    message: str = Field(description="Text of the error.")
    deliveries: int = Field(description="How often the subscriber was given the event.")
    died_at: datetime = Field(description="When the subscriber gave up.")
    stream: str = Field(description="The stream from which the subscriber got the event.")
    sequence: int = Field(description="The event's sequence in that stream.")
    trace: dict[str, str] = Field(description="W3C trace headers of the event.")

    number: int = Field(default=0, exclude=True, description="Its sequence in DEAD_LETTERS.")
    body: bytes = Field(default=b"", exclude=True, description="The event as it was published.")

    @property
    def address(self) -> str:
        return f"{self.service}.{self.event_class}.{self.subject}"


async def store(jetstream: JetStreamContext, letter: DeadLetter, body: bytes) -> None:
    """Store an event with its record; NATS drops a repeat within 2 min."""
    message_id = f"{letter.service}-{letter.event_class}-{letter.stream}-{letter.sequence}"
    record = letter.model_dump_json(ensure_ascii=True)
    headers = {"Nats-Msg-Id": message_id, RECORD: record}
    await jetstream.publish(f"dead.{letter.address}", body, headers=headers)


async def newest(jetstream: JetStreamContext, limit: int) -> tuple[list[DeadLetter], int]:
    """Return at most `limit` dead letters, newest first, and how many there are in all."""
    state = (await jetstream.stream_info(DEAD_LETTERS_STREAM)).state
    found: list[DeadLetter] = []
    number = state.last_seq
    while number >= state.first_seq and len(found) < min(limit, state.messages):
        if letter := await read(jetstream, number):
            found.append(letter)
        number -= 1
    return found, state.messages


async def read(jetstream: JetStreamContext, number: int) -> DeadLetter | None:
    try:
        message = await jetstream.get_msg(DEAD_LETTERS_STREAM, number)
    except MessageNotFoundError:
        return None
    headers: dict[str, str] | None = message.headers
    letter = DeadLetter.model_validate_json((headers or {})[RECORD])
    return letter.model_copy(update={"number": number, "body": message.data or b""})

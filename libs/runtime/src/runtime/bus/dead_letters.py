"""Keeps the events that a durable subscriber could not handle, for an operator to replay.

The stream DEAD_LETTERS holds one record for each, under `dead.<service>.<class>.<event subject>`;
the number of a dead letter is its sequence there. A replay moves the event to the stream RETRIES,
under `retry.<service>.<class>.<event subject>`, which only the subscriber that failed reads.
"""

from collections.abc import AsyncGenerator
from datetime import datetime

from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError as MessageNotFoundError
from pydantic import BaseModel, Field
from pydantic_core import from_json

from contracts.errors import NotFoundError
from contracts.services import ServiceName
from contracts.topology import DEAD_LETTERS_STREAM

LARGEST_BYTES = 900_000
"""Size of a record that surely fits into one message of 1 MiB beside its headers."""


class DeadLetter(BaseModel):
    """One event that one subscriber could not handle."""

    service: ServiceName = Field(description="The subscriber.")
    event_class: str = Field(description="The class of events that it consumes.")
    subject: str = Field(description="Subject of the event.")
    body: str = Field(description="The event as it was published; empty if it was too large.")
    kind: str = Field(description="Kind of the error: one of the five, or `bug`.")
    code: str = Field(description="Code of the error; the name of the exception for a bug.")
    message: str = Field(description="Text of the error.")
    deliveries: int = Field(description="How often the subscriber was given the event.")
    died_at: datetime = Field(description="When the subscriber gave up.")

    number: int = Field(default=0, exclude=True, description="Its sequence in the stream.")

    @property
    def address(self) -> str:
        return f"{self.service}.{self.event_class}.{self.subject}"


async def bury(jetstream: JetStreamContext, letter: DeadLetter, message_id: str) -> None:
    """Store the record; the server drops a repeat of the same `message_id` within 2 min."""
    body = letter.model_dump_json().encode()
    if len(body) > LARGEST_BYTES:
        body = letter.model_copy(update={"body": ""}).model_dump_json().encode()
    headers = {"Nats-Msg-Id": message_id}
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
    return DeadLetter.model_validate({**from_json(message.data or b"{}"), "number": number})


async def replay(jetstream: JetStreamContext, number: int) -> DeadLetter:
    """Give one event to its subscriber again; raises NotFoundError.

    After a crash between the two steps the dead letter is still there: a second replay is harmless.
    """
    letter = await read(jetstream, number)
    if letter is None:
        raise NotFoundError(f"there is no dead letter {number}")
    headers = {"Nats-Msg-Id": f"{DEAD_LETTERS_STREAM}-{number}"}
    await jetstream.publish(f"retry.{letter.address}", letter.body.encode(), headers=headers)
    await jetstream.delete_msg(DEAD_LETTERS_STREAM, number)
    return letter


async def replay_all(jetstream: JetStreamContext) -> AsyncGenerator[DeadLetter, None]:
    """Replay the dead letters that exist now, oldest first, and yield each one that was."""
    state = (await jetstream.stream_info(DEAD_LETTERS_STREAM)).state
    for number in range(state.first_seq, state.last_seq + 1):
        try:
            yield await replay(jetstream, number)
        except NotFoundError:
            continue

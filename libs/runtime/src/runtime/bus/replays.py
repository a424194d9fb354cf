"""Gives dead letters to their subscribers again, when an operator asks for it.

A replay moves the event to the stream RETRIES, under `retry.<service>.<class>.<event subject>`,
which only the subscriber that failed reads.
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import AsyncGenerator

from nats.js.client import JetStreamContext

from contracts.errors import ConflictError, NotFoundError
from contracts.permissions import subscribers
from contracts.topology import DEAD_LETTERS_STREAM
from runtime.bus.dead_letters import DeadLetter, read


async def replay(jetstream: JetStreamContext, number: int) -> DeadLetter:
    """Give one event to its subscriber again. Raises NotFound and Conflict; then nothing is lost.

    After a crash between the two steps the dead letter is still there: a second replay is harmless.
    """
    letter = await read(jetstream, number)
    if letter is None:
        raise NotFoundError(f"there is no dead letter {number}")
    if (letter.service, letter.event_class) not in known_subscribers():
        raise ConflictError(
            f"{letter.service} does not consume {letter.event_class} in this version"
        )
    headers = {**letter.trace, "Nats-Msg-Id": f"{DEAD_LETTERS_STREAM}-{number}"}
    await jetstream.publish(f"retry.{letter.address}", letter.body, headers=headers)
    await jetstream.delete_msg(DEAD_LETTERS_STREAM, number)
    return letter


def known_subscribers() -> set[tuple[str, str]]:
    return {(one.service, one.event.__name__) for one in subscribers()}


async def replay_all(jetstream: JetStreamContext) -> AsyncGenerator[DeadLetter, None]:
    """Replay the dead letters that exist now, oldest first; yield each one that was replayed."""
    state = (await jetstream.stream_info(DEAD_LETTERS_STREAM)).state
    first = max(state.first_seq, 1)  # a stream that never held a message has neither 0 nor 1
    for number in range(first, state.last_seq + 1):
        try:
            yield await replay(jetstream, number)
        except (NotFoundError, ConflictError):
            continue

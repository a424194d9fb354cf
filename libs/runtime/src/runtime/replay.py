"""A part of stream EVENTS, read again from disk: for a client that comes back after a while."""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import AsyncGenerator

import nats.errors
from nats.js import api
from nats.js.client import JetStreamContext

from contracts.errors import UnavailableError
from contracts.topology import EVENTS_STREAM
from runtime.stored import StoredEvent, leave

PATIENCE_SECONDS = 5.0


async def bounds(jetstream: JetStreamContext) -> tuple[int, int]:
    """Sequence numbers of the first and the last event kept; (last + 1, last) if there is none."""
    try:
        state = (await jetstream.stream_info(EVENTS_STREAM)).state
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error
    return (state.first_seq if state.messages else state.last_seq + 1), state.last_seq


async def replay(
    jetstream: JetStreamContext, subject: str, after: int, until: int
) -> AsyncGenerator[StoredEvent, None]:
    """Stored events that match `subject`, with `after < sequence <= until`, in order."""
    config = api.ConsumerConfig(
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=max(after, 0) + 1
    )
    try:
        subscription = await jetstream.subscribe(
            subject, stream=EVENTS_STREAM, ordered_consumer=True, config=config
        )
        try:
            info = await subscription.consumer_info()
            delivered = info.delivered.consumer_seq if info.delivered else 0
            pending = (info.num_pending or 0) + delivered
            while pending:
                message = await subscription.next_msg(timeout=PATIENCE_SECONDS)
                if message.metadata.sequence.stream > until:
                    return
                pending = message.metadata.num_pending
                yield StoredEvent(message.metadata.sequence.stream, message.subject, message.data)
        finally:
            await leave(subscription)
    except (nats.errors.Error, OSError) as error:
        raise UnavailableError("the stream of events does not answer") from error

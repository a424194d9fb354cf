"""Reads one stream in order, through consumers that the server forgets soon after their reader.

The client library has ordered consumers too. After a gap, it asks for a consumer of the same name,
which the server refuses while it has the old one, and nothing arrives until that is forgotten. So
a gap, or a consumer that is gone, is an error here, and the reader begins again behind the last
message that it has.
"""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator
from secrets import token_hex

import nats.errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js.client import JetStreamContext

from runtime.bus.client import Bus
from runtime.bus.connection import leave

RENEW_SECONDS = 60.0
POLL_SECONDS = 1.0
CHECK_SECONDS = 5.0
"""After so long without a message the server is asked whether it has sent one."""
REPLY_SECONDS = 5.0
FORGET_SECONDS = 10.0
"""The server deletes a consumer that nobody has listened to for so long, also after a crash.

The client's own default for a bucket is 5 min, which leaves five dead consumers a watcher."""


class MessageMissedError(nats.errors.Error):
    """A message of the subscription did not arrive."""


async def subscribe(
    bus: Bus, stream: str, subject: str, after: int | None, *, headers_only: bool = False
) -> JetStreamContext.PushSubscription:
    """Subscribe to messages with a higher number; None: to the newest of each subject.

    The consumer has a name of its own: permissions refuse one without (topology.py).
    """
    config = api.ConsumerConfig(
        name=token_hex(8),
        inactive_threshold=FORGET_SECONDS,
        headers_only=headers_only,
        ack_policy=api.AckPolicy.NONE,
        max_deliver=1,
        mem_storage=True,
        num_replicas=1,
        idle_heartbeat=CHECK_SECONDS,
    )
    if after is None:
        config.deliver_policy = api.DeliverPolicy.LAST_PER_SUBJECT
    else:
        config.deliver_policy = api.DeliverPolicy.BY_START_SEQUENCE
        config.opt_start_seq = max(after, 0) + 1
    return await bus.jetstream.subscribe(subject, stream=stream, config=config, flow_control=True)


async def read_stored(
    subscription: JetStreamContext.PushSubscription,
) -> AsyncGenerator[Msg, None]:
    """Yield the messages that are there, and end the subscription."""
    try:
        info = await subscription.consumer_info()
        pending = (info.num_pending or 0) + delivered(info)
        received = 0
        while pending:
            message = await next_after(received, subscription, REPLY_SECONDS)
            received += 1
            pending = message.metadata.num_pending
            yield message
    finally:
        await leave(subscription)


async def read_until(
    subscription: JetStreamContext.PushSubscription, renew: asyncio.Event
) -> AsyncGenerator[Msg, None]:
    """Yield the messages of one subscription until it is a minute old or `renew` is set."""
    loop = asyncio.get_running_loop()
    deadline, heard_at, received = loop.time() + RENEW_SECONDS, loop.time(), 0
    try:
        while not renew.is_set() and loop.time() < deadline:
            try:
                message = await next_after(received, subscription, POLL_SECONDS)
            except nats.errors.TimeoutError:
                if loop.time() - heard_at > CHECK_SECONDS:
                    await check(subscription, received)
                    heard_at = loop.time()
                continue
            received, heard_at = received + 1, loop.time()
            yield message
    finally:
        await leave(subscription)


async def next_after(
    received: int, subscription: JetStreamContext.PushSubscription, seconds: float
) -> Msg:
    """Return the next message. Raises MessageMissedError, nats.errors.TimeoutError."""
    message = await subscription.next_msg(timeout=seconds)
    if message.metadata.sequence.consumer != received + 1:
        raise MessageMissedError(f"a message after {received} did not arrive")
    return message


async def check(subscription: JetStreamContext.PushSubscription, received: int) -> None:
    """Raises MessageMissedError, and NotFoundError if the server has no such consumer."""
    if delivered(await subscription.consumer_info()) > received:
        raise MessageMissedError(f"a message after {received} did not arrive")


def delivered(info: api.ConsumerInfo) -> int:
    return info.delivered.consumer_seq if info.delivered else 0

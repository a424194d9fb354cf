"""Reads one stream in order, through consumers that the server forgets soon after their reader."""

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
REPLY_SECONDS = 5.0
FORGET_SECONDS = 10.0
"""The server deletes a consumer that nobody has listened to for so long, also after a crash.

The client's own default for a bucket is 5 min, which leaves five dead consumers a watcher."""


async def subscribe(
    bus: Bus, stream: str, subject: str, after: int | None, *, headers_only: bool = False
) -> JetStreamContext.PushSubscription:
    """Subscribe to messages with a higher number; None: to the newest of each subject.

    The consumer has a name of its own: permissions refuse one without (topology.py).
    """
    config = api.ConsumerConfig(
        name=token_hex(8), inactive_threshold=FORGET_SECONDS, headers_only=headers_only
    )
    if after is None:
        config.deliver_policy = api.DeliverPolicy.LAST_PER_SUBJECT
    else:
        config.deliver_policy = api.DeliverPolicy.BY_START_SEQUENCE
        config.opt_start_seq = max(after, 0) + 1
    return await bus.jetstream.subscribe(
        subject, stream=stream, ordered_consumer=True, config=config
    )


async def read_stored(
    subscription: JetStreamContext.PushSubscription,
) -> AsyncGenerator[Msg, None]:
    """Yield the messages that are there, and end the subscription."""
    try:
        info = await subscription.consumer_info()
        delivered = info.delivered.consumer_seq if info.delivered else 0
        pending = (info.num_pending or 0) + delivered
        while pending:
            message = await subscription.next_msg(timeout=REPLY_SECONDS)
            pending = message.metadata.num_pending
            yield message
    finally:
        await leave(subscription)


async def read_until(
    subscription: JetStreamContext.PushSubscription, renew: asyncio.Event
) -> AsyncGenerator[Msg, None]:
    """Yield the messages of one subscription until it is a minute old or `renew` is set."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + RENEW_SECONDS
    try:
        while not renew.is_set() and loop.time() < deadline:
            try:
                yield await subscription.next_msg(timeout=POLL_SECONDS)
            except nats.errors.TimeoutError:
                continue
    finally:
        await leave(subscription)

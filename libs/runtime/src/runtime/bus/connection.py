"""Connects a service to NATS: waits for the server at the start, and reconnects without limit."""

import asyncio
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js.client import JetStreamContext

from contracts.topology import inbox_prefix
from runtime.process.retry import TOTAL_SECONDS, retry

log = structlog.get_logger()

DEFAULT_PORT = 4222
RECONNECT_SECONDS = 0.25
"""A server that was killed is back within a second, and the fleet waits for it."""
PENDING_BYTES = 16 * 1024 * 1024


async def connect(
    client: Client,
    url: str,
    user: str,
    password: str,
    *,
    reconnected: Callable[[], None],
    closed: Callable[[], None],
) -> None:
    """Connect, trying for 30 s; then keep reconnecting until the client is closed."""

    async def on_reconnect() -> None:
        log.info("nats_reconnected")
        reconnected()

    async def on_disconnect() -> None:
        log.warning("nats_disconnected")

    async def on_error(error: Exception) -> None:
        log.warning("nats_error", error=str(error) or type(error).__name__)

    async def on_close() -> None:
        closed()

    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            await wait_until_listening(url)
            await client.connect(
                url,
                name=user,
                user=user,
                password=password,
                inbox_prefix=inbox_prefix(user),
                ping_interval=5,
                max_outstanding_pings=2,
                reconnect_time_wait=RECONNECT_SECONDS,  # pyright: ignore[reportArgumentType]  (it sleeps so long, also less than a second)
                max_reconnect_attempts=-1,
                pending_size=PENDING_BYTES,
                reconnected_cb=on_reconnect,
                disconnected_cb=on_disconnect,
                error_cb=on_error,
                closed_cb=on_close,
            )
    except TimeoutError:
        address = urlsplit(url).netloc.rpartition("@")[2]
        raise ConnectionError(
            f"NATS at {address} accepted no connection of {user} for {TOTAL_SECONDS:.0f} s"
        ) from None


async def wait_until_listening(url: str, within: float = TOTAL_SECONDS) -> None:
    """Return once the server takes connections; the client itself tries only once a second."""
    attempt = partial(open_and_close, url)
    await retry(attempt, awaited="NATS", errors=(OSError,), within=within)


async def open_and_close(url: str) -> None:
    parts = urlsplit(url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port or DEFAULT_PORT)
    writer.close()


async def leave(subscription: Subscription | JetStreamContext.PullSubscription) -> None:
    """Unsubscribe; without a connection there is nothing to send to the server."""
    try:
        await subscription.unsubscribe()
    except nats.errors.Error as error:
        log.debug("already_unsubscribed", reason=str(error) or type(error).__name__)

"""How a service reaches NATS: patient at the start, for ever after, and told of every change."""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Callable

import nats.errors
import structlog
from nats.aio.client import Client

from contracts.topology import inbox_prefix

log = structlog.get_logger()

PATIENCE_SECONDS = 30.0
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
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            await connect_once(client, url, user, password, reconnected, closed)
        except (OSError, nats.errors.Error) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            log.info("nats_awaited", reason=str(error) or type(error).__name__)
            await asyncio.sleep(0.5)
        else:
            return


async def connect_once(
    client: Client,
    url: str,
    user: str,
    password: str,
    reconnected: Callable[[], None],
    closed: Callable[[], None],
) -> None:
    async def on_reconnect() -> None:
        log.info("nats_reconnected")
        reconnected()

    async def on_disconnect() -> None:
        log.warning("nats_disconnected")

    async def on_error(error: Exception) -> None:
        log.warning("nats_error", error=str(error) or type(error).__name__)

    async def on_close() -> None:
        closed()

    await client.connect(
        url,
        name=user,
        user=user,
        password=password,
        inbox_prefix=inbox_prefix(user),
        ping_interval=5,
        max_outstanding_pings=2,
        reconnect_time_wait=1,
        max_reconnect_attempts=-1,
        pending_size=PENDING_BYTES,
        reconnected_cb=on_reconnect,
        disconnected_cb=on_disconnect,
        error_cb=on_error,
        closed_cb=on_close,
    )

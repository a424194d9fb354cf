"""Runs uvicorn inside the event loop and process of the gateway."""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn

from gateway.settings import GatewaySettings
from runtime.process.web_server import Server

log = structlog.get_logger()

STOP_SECONDS = 10
BACKLOG = 2_048


@contextmanager
def listen(host: str, port: int) -> Generator[socket.socket, None, None]:
    """A listening socket; OSError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as server_socket:
        log.info("gateway_listening", host=host, port=server_socket.getsockname()[1])
        yield server_socket


async def serve(
    app: Any,
    server_socket: socket.socket,
    settings: GatewaySettings,
    *,
    stop: asyncio.Event,
    stopping: Callable[[], None],
) -> None:
    """Serve until `stop`; then call `stopping`, which ends long answers, and finish the rest."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        root_path=settings.path_prefix,
        forwarded_allow_ips=settings.trusted_proxies,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[server_socket]))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopping()
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()
        serving.cancel()

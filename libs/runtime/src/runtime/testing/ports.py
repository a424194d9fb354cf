"""Finds free loopback ports, and waits for servers and conditions."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def free_ports(count: int) -> int:
    """Return the first of so many free ports in a row."""
    while True:
        with ExitStack() as stack, suppress(OSError, OverflowError):
            first = free_port()
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


def wait_for_port(port: int) -> None:
    """Return when something accepts connections there; raises TimeoutError."""
    wait_until(partial(listens, port), f"nothing listens on port {port}")


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], failure: str, within: float = 20.0) -> None:
    """Wait until the condition holds; raises TimeoutError."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.02)


async def eventually(condition: Callable[[], bool | Awaitable[bool]], within: float = 10.0) -> None:
    """Wait until the condition holds; raises TimeoutError naming it if it never does."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        result = condition()
        if result if isinstance(result, bool) else await result:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"never became true within {within} s: {condition}")

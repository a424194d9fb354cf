"""Chooses free ports on loopback for everything that is not public, the same at every start."""

import json
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from itertools import chain
from pathlib import Path

import psutil
from pydantic import TypeAdapter, ValidationError

from comfyfleet import CommandError

LOOPBACK = "127.0.0.1"
REMEMBERED = TypeAdapter(dict[str, int])
CHOSEN_FROM = range(10_000, 32_000)
"""Systems give outgoing connections ports from 32 768 upward: one of them could get a chosen port
before its server listens there."""
APART = 32
"""Distance of the places where processes look first: fleets that start together choose apart."""


def choose(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Return a port for each name: the remembered one if it is free, else another."""
    remembered = load(path)
    ports: dict[str, int] = {}
    others = candidates(os.getpid())
    with ExitStack() as held:  # held until all are chosen, so that none is chosen twice
        for name in names:
            wanted = chain([remembered[name]] if name in remembered else [], others)
            listener = next(filter(None, (bind(LOOPBACK, port) for port in wanted)), None)
            if listener is None:
                raise CommandError("This machine has no free port left on 127.0.0.1.")
            held.enter_context(closing(listener))
            ports[name] = listener.getsockname()[1]
    path.write_text(json.dumps(remembered | ports, indent=1))
    return ports


def candidates(process_id: int) -> Iterator[int]:
    """Yield every port to choose from once, beginning at a place of this process."""
    first = process_id * APART % len(CHOSEN_FROM)
    yield from CHOSEN_FROM[first:]
    yield from CHOSEN_FROM[:first]


def load(path: Path) -> dict[str, int]:
    try:
        return REMEMBERED.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}


def bind(host: str, port: int) -> socket.socket | None:
    """Return a socket that listens on the address, or None if another program has it."""
    with suppress(OSError, OverflowError):
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    return None


def check_public(host: str, port: int) -> None:
    """Raise `CommandError` unless the API's port, which the user chose, is free."""
    if listener := bind(host, port):
        listener.close()
        return
    raise CommandError(
        f"Port {port} on {host} is taken{taken_by(port)}. "
        "Set COMFYFLEET_PORT to a free one (or COMFYFLEET_HOST, if that address is not this "
        "machine's)."
    )


def taken_by(port: int) -> str:
    """Return the name of the program that has the port, if this user may know it."""
    try:
        for connection in psutil.net_connections("tcp"):
            address = tuple(connection.laddr)  # empty, or host and port
            is_it = connection.status == psutil.CONN_LISTEN and address[-1:] == (port,)
            if is_it and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        return ""
    return ""

"""Handles signals of attempts, and tells agents which jobs somebody watches.

A signal is passed on as the bytes that arrived, undecoded, for speed.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias
from uuid import UUID

from contracts.agent import JobWatched
from contracts.message import Signal
from gateway.service import Gateway

RawSignalHandler: TypeAlias = Callable[[Gateway, dict[str, str], bytes], Awaitable[None]]
RawSignalTable: TypeAlias = Mapping[type[Signal], RawSignalHandler]


async def subscribe_raw(gateway: Gateway, table: RawSignalTable) -> None:
    """Call each handler with the keys of the subject and the undecoded body."""
    for signal, handler in table.items():
        await gateway.bus.subscribe_raw(signal, partial(handler, gateway))


async def pass_progress(gateway: Gateway, keys: dict[str, str], body: bytes) -> None:
    """Pass progress on to the clients that follow the job."""
    pass_on(gateway, "job.progress", keys, body)


async def pass_preview(gateway: Gateway, keys: dict[str, str], body: bytes) -> None:
    """Pass a preview on to the clients that follow the job."""
    pass_on(gateway, "job.preview", keys, body)


def pass_on(gateway: Gateway, name: str, keys: dict[str, str], body: bytes) -> None:
    try:
        owner_id, job_id = UUID(keys["owner_id"]), UUID(keys["job_id"])
    except ValueError:
        return
    gateway.hub.pass_signal(name, owner_id, job_id, body)


async def announce_watched_jobs(gateway: Gateway) -> None:
    """Tell agents which jobs have an open stream: they send previews of those only."""
    for job_id in gateway.hub.watched:
        await gateway.bus.signal(JobWatched(job_id=job_id))

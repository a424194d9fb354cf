"""Probes ComfyUI each second or two: is it reachable, what runs, how much memory is free."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from time import monotonic

import structlog

from contracts.scheduler.nodes import Device
from node_agent.engines.comfyui.prompts import pull
from node_agent.engines.comfyui.session import PROBE_SECONDS, Session
from node_agent.engines.comfyui.vitals import QueueView
from node_agent.ports import UnreachableError
from workflows.compatibility.releases import OLDEST_COMFYUI_TEXT, is_too_old

log = structlog.get_logger()
IDLE_SECONDS = 2.0
"""Probe period while the server is idle; probing is most of an idle agent's work."""
MEMORY_SECONDS = 10.0
DEAD = "ComfyUI answers but runs nothing: its worker is dead, restart it"


async def probe(session: Session, on_health_change: Callable[[], None]) -> None:
    """Ask for the queue every one or two seconds until canceled.

    `/queue` shows whether prompts are executed; `/system_stats` does not.
    """
    while True:
        was_reachable, was_usable = session.is_reachable, session.health().is_usable
        try:
            saw_queue(session, await look(session))
        except UnreachableError as error:
            saw_nothing(session, error.message)
        if (was_reachable, was_usable) != (session.is_reachable, session.health().is_usable):
            log.info("node_probed", node_id=str(session.entry.node_id), reason=session.reason)
            on_health_change()
        await remove_leftovers(session)
        await asyncio.sleep(IDLE_SECONDS if is_idle(session) else PROBE_SECONDS)


def is_idle(session: Session) -> bool:
    """Return whether the server runs no prompt of anyone; own prompts wake their followers."""
    is_busy = session.prompts or session.queue.running or session.queue.pending
    return session.health().is_usable and not is_busy


async def look(session: Session) -> QueueView:
    """Read the queue. After an outage read the version too: the server may have been replaced."""
    queue = await session.http.queue()
    if not session.is_reachable:
        stats = await session.http.stats()
        version, session.separator = stats.version, stats.separator
        if is_too_old(version):
            text = f"runs ComfyUI {version[:20]}: {OLDEST_COMFYUI_TEXT} or later is needed"
            raise UnreachableError(text)
    return queue


def saw_queue(session: Session, queue: QueueView) -> None:
    if not session.is_reachable:
        session.inputs.doubt()  # the server may have been replaced
    session.queue, session.is_reachable = queue, True
    session.busy.saw(monotonic(), is_busy=bool(queue.running))
    session.vitals.saw(queue, monotonic(), has_started=has_started(session, queue))
    session.reason = DEAD if session.is_dead else None
    if session.is_dead:
        session.stir_all()


def saw_nothing(session: Session, reason: str) -> None:
    session.queue = QueueView()
    session.vitals.saw(session.queue, monotonic(), has_started=False)
    session.is_reachable, session.reason = False, reason


def has_started(session: Session, queue: QueueView) -> bool:
    """Return whether the prompt in front is known to work, or cannot be judged.

    Only events of this connection can tell that none came; a foreign prompt tells us nothing.
    """
    front = queue.running or queue.pending[:1]
    own = next((session.prompts[id_] for id_ in front if id_ in session.prompts), None)
    if own is None:
        return bool(queue.running)
    return own.has_worked or own.client_id is None or own.client_id != session.client_id


async def remove_leftovers(session: Session) -> None:
    """Remove prompts that ended without ComfyUI (timeouts, cancels while it was away)."""
    for prompt_id in (*session.queue.running, *session.queue.pending):
        if prompt_id in session.leftovers and prompt_id not in session.prompts:
            with contextlib.suppress(UnreachableError):
                await pull(session, prompt_id)


async def watch_memory(session: Session) -> None:
    """Measure the free VRAM of the largest device every 10 s until canceled."""
    while True:
        with contextlib.suppress(UnreachableError):
            devices = (await session.http.stats()).devices
            session.vram_free_mb = free_on_largest(devices)
        await asyncio.sleep(MEMORY_SECONDS)


def free_on_largest(devices: Sequence[Device]) -> int | None:
    """Return the free memory of the device by which the scheduler judges the node."""
    largest = max(devices, key=lambda device: device.vram_total_mb, default=None)
    return largest.vram_free_mb if largest else None

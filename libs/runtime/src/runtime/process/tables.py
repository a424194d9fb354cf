"""Serves the tables of a service's `app.py`: requests, signals and events, and ticks.

A table maps a message class, or a tick, to a handler whose first argument is the service's own
dataclass. Every service is wired by this one loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, TypeAlias, TypeVar

import structlog
from prometheus_client import Counter
from pydantic import BaseModel

from contracts.errors import UnavailableError
from contracts.event import Event
from contracts.message import Request, Signal
from runtime.bus.client import Bus
from runtime.process.service import Runtime

log = structlog.get_logger()

S = TypeVar("S")

RequestHandler: TypeAlias = Callable[[S, Any], Awaitable[BaseModel]]
MessageHandler: TypeAlias = Callable[[S, Any], Awaitable[None]]
TickHandler: TypeAlias = Callable[[S], Awaitable[None]]

FAILED = Counter("comfyfleet_ticks_failed", "Runs of a tick that failed.", ["tick"])
PATIENCE = 300.0
"""After so many seconds without a success, a tick that finds something unavailable is a problem."""
CONCURRENCY = 256
"""Requests of one class that are handled at one time, unless the table says `Limited`."""


@dataclass(frozen=True, slots=True)
class Limited:
    """A handler that runs at most `concurrency` times at once; more messages wait."""

    handler: Callable[[Any, Any], Awaitable[Any]]
    concurrency: int


AnswerTable: TypeAlias = Mapping[type[Request[Any]], RequestHandler[S] | Limited]
SubscriptionTable: TypeAlias = Mapping[type[Signal] | type[Event], MessageHandler[S] | Limited]
TickTable: TypeAlias = Mapping[TickHandler[S], float]


async def serve(
    bus: Bus,
    service: S,
    answers: AnswerTable[S] | None = None,
    subscriptions: SubscriptionTable[S] | None = None,
    *,
    shared: bool = True,
    **keys: object,
) -> AsyncExitStack:
    """Answer requests and handle signals and events; closing the returned stack ends all.

    Replicas share the requests unless `shared` is false: then each of them answers every request.
    Each signal reaches every replica that is there. Each event is consumed durably by one of them,
    in order unless the table says `Limited` for more at once. `keys` fix placeholders of the
    subjects of requests and signals, e.g. `node_id`.
    """
    stack = AsyncExitStack()
    for request, entry in (answers or {}).items():
        limited = entry if isinstance(entry, Limited) else Limited(entry, CONCURRENCY)
        closing = await bus.serve(
            request,
            partial(limited.handler, service),
            shared=shared,
            concurrency=limited.concurrency,
            **keys,
        )
        stack.push_async_callback(closing)
    for message, handler in (subscriptions or {}).items():
        limited = handler if isinstance(handler, Limited) else Limited(handler, 1)
        handle = partial(limited.handler, service)
        if issubclass(message, Event):
            closing = await bus.consume(message, handle, concurrency=limited.concurrency)
        else:
            closing = await bus.subscribe(message, handle, **keys)
        stack.push_async_callback(closing)
    return stack


class FailingTicks:
    """Remembers which ticks fail: nobody else would see that old rows are never deleted."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        """When each tick began to fail, in steady seconds."""
        self._bugs: dict[str, str] = {}
        """The last unexpected error of each tick."""

    def succeeded(self, tick: str) -> None:
        self._since.pop(tick, None)
        self._bugs.pop(tick, None)

    def failed(self, tick: str, error: Exception) -> None:
        FAILED.labels(tick).inc()
        self._since.setdefault(tick, monotonic())
        if not isinstance(error, UnavailableError):
            self._bugs[tick] = type(error).__name__

    def warning(self) -> str | None:
        """Return a line for `/readyz` about ticks that need a person, or None."""
        waiting = [tick for tick, since in self._since.items() if monotonic() - since > PATIENCE]
        if ticks := sorted({*self._bugs, *waiting}):
            reasons = (f"{tick} ({self._bugs.get(tick, 'unavailable')})" for tick in ticks)
            return f"work that repeats fails each time, see the log: {', '.join(reasons)}"
        return None


def start_ticks(runtime: Runtime, service: S, ticks: TickTable[S]) -> None:
    """Run each tick immediately, then repeat it at its interval, each in a separate task."""
    failing = FailingTicks()
    runtime.health.warnings.append(failing.warning)
    for tick, seconds in ticks.items():
        name = getattr(tick, "__name__", "tick")
        runtime.spawn(every(seconds, partial(tick, service), failing, name=name), name=name)


async def every(
    seconds: float, work: Callable[[], Awaitable[None]], failing: FailingTicks, *, name: str
) -> None:
    """Run `work` until canceled. Whatever fails, the next tick tries again.

    A bug in a tick, such as a retention that meets a row it does not expect, must not take down
    the service that does all else right.
    """
    while True:
        try:
            await work()
        except UnavailableError as error:
            log.warning("tick_skipped", tick=name, reason=error.message)
            failing.failed(name, error)
        except Exception as error:
            log.exception("tick_failed", tick=name)
            failing.failed(name, error)
        else:
            failing.succeeded(name)
        await asyncio.sleep(seconds)

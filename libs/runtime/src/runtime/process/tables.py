"""Serves the tables of a service's `app.py`: requests, signals and events, and ticks.

A table maps a message class, or a tick, to a handler whose first argument is the service's own
dataclass. Every service is wired by this one loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

import structlog
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


def start_ticks(runtime: Runtime, service: S, ticks: TickTable[S]) -> None:
    """Run each tick immediately, then repeat it at its interval, each in a separate task."""
    for tick, seconds in ticks.items():
        name = getattr(tick, "__name__", "tick")
        runtime.spawn(every(seconds, partial(tick, service), name=name), name=name)


async def every(seconds: float, work: Callable[[], Awaitable[None]], *, name: str) -> None:
    """Run `work` until canceled. Whatever fails, the next tick tries again.

    A bug in a tick, such as a retention that meets a row it does not expect, must not take down
    the service that does all else right.
    """
    while True:
        try:
            await work()
        except UnavailableError as error:
            log.warning("tick_skipped", tick=name, reason=error.message)
        except Exception:
            log.exception("tick_failed", tick=name)
        await asyncio.sleep(seconds)

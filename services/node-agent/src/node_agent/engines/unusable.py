"""Stands for an engine that this agent does not have, so that its beats say so."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from contracts.scheduler.nodes import NodeEntry
from node_agent.ports import Health, Patience, UnreachableError


class UnknownEngine:
    """Never reachable; the agent refuses orders for it."""

    def __init__(self, name: str) -> None:
        self._reason = f"needs engine {name[:40]!r}, which this agent does not have"

    async def serve(self, on_health_change: Callable[[], None]) -> None:
        on_health_change()
        await asyncio.Event().wait()

    def health(self) -> Health:
        return Health(reason=self._reason)

    def has_input(self, name: str) -> bool:  # noqa: ARG002
        return False

    async def cancel(self, attempt_id: object) -> bool:  # noqa: ARG002
        return False

    def prepare(self, *_: Any, **__: Any) -> Any:
        raise UnreachableError(self._reason)

    async def refuse(self, *_: Any, **__: Any) -> Any:
        raise UnreachableError(self._reason)

    describe = upload = run = resume = has_attempt = download = trial = refuse


@asynccontextmanager
async def open_unknown(spec: NodeEntry, _: Patience) -> AsyncGenerator[UnknownEngine, None]:
    yield UnknownEngine(spec.engine)

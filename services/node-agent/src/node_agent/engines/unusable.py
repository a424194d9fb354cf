"""Stands for an engine that this agent cannot open, so that the node's beats say why."""

import asyncio
from collections.abc import Callable
from typing import Any

from node_agent.domain.health import Health
from node_agent.ports import UnreachableError


class UnusableEngine:
    """Never reachable; the agent refuses orders for it."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def watch(self, on_health_change: Callable[[], None]) -> None:
        on_health_change()
        await asyncio.Event().wait()

    def health(self) -> Health:
        return Health(reason=self._reason)

    def keep_input(self, attempt_id: object, name: str) -> str:  # noqa: ARG002  (the port gives it)
        return name

    def has_input(self, name: str) -> bool:  # noqa: ARG002  (the port gives it)
        return False

    async def cancel(self, attempt_id: object) -> bool:  # noqa: ARG002
        return False

    def prepare(self, *_: Any, **__: Any) -> Any:
        raise UnreachableError(self._reason)

    async def refuse(self, *_: Any, **__: Any) -> Any:
        raise UnreachableError(self._reason)

    describe = upload = run = resume = has_attempt = download = discard = tidy = trial = refuse

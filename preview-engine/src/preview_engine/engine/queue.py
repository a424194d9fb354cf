"""Holds waiting prompts, the running prompt, and the history of finished prompts.

The lowest number runs first; prompt ids break ties. Everything is in memory and lost at a restart,
as in ComfyUI. The newest `HISTORY_LIMIT` results are kept with their files; ComfyUI keeps ten
times as many.
"""

import itertools
import threading
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from preview_engine.domain.catalog import Graph

HISTORY_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """One accepted submission."""

    number: float
    prompt_id: str
    graph: Graph
    extra_data: dict[str, Any]
    outputs: list[str]

    @property
    def client_id(self) -> str | None:
        client_id = self.extra_data.get("client_id")
        return client_id if isinstance(client_id, str) else None

    def view(self) -> list[Any]:
        return [self.number, self.prompt_id, self.graph, self.extra_data, self.outputs]


class PromptQueue:
    """Thread-safe; `changed` is called after every change of the number of open prompts."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._condition = threading.Condition()
        self._pending: list[Prompt] = []
        self._running: Prompt | None = None
        self._history: dict[str, dict[str, Any]] = {}
        self._wants_free = False

    def put(self, prompt: Prompt) -> None:
        with self._condition:
            # Equal ones stay in order of arrival; ComfyUI would compare dicts, and crash.
            insort(self._pending, prompt, key=lambda one: (one.number, one.prompt_id))
            self._condition.notify()
        self._changed()

    def get(self) -> Prompt | None:
        """Wait for the next prompt, which then is the running one; None: free memory."""
        with self._condition:
            self._condition.wait_for(lambda: self._pending or self._wants_free)
            if self._wants_free:
                return None
            self._running = prompt = self._pending.pop(0)
        self._changed()
        return prompt

    def finish(self, result: dict[str, Any]) -> None:
        """Add the running prompt's result to the history; replace an older entry of that id."""
        with self._condition:
            if self._running:
                if len(self._history) >= HISTORY_LIMIT:
                    self._history.pop(next(iter(self._history)))
                self._history[self._running.prompt_id] = {"prompt": self._running.view(), **result}
            self._running = None
        self._changed()

    def open_count(self) -> int:
        return len(self._pending) + (self._running is not None)

    def view(self) -> dict[str, list[Any]]:
        with self._condition:
            running = [self._running.view()] if self._running else []
            pending = [prompt.view() for prompt in self._pending]
        return {"queue_running": running, "queue_pending": pending}

    def clear(self) -> None:
        with self._condition:
            self._pending.clear()
        self._changed()

    def delete(self, prompt_ids: Iterable[str]) -> None:
        """Drop pending prompts, one per id, without an entry in the history; ignore unknown ids."""
        for prompt_id in prompt_ids:
            with self._condition:
                found = next((one for one in self._pending if one.prompt_id == prompt_id), None)
                if found is None:
                    continue
                self._pending.remove(found)
            self._changed()

    def request_free(self) -> None:
        with self._condition:
            self._wants_free = True
            self._condition.notify()

    def take_free_request(self) -> bool:
        with self._condition:
            wanted, self._wants_free = self._wants_free, False
        return wanted

    def history(self, *, max_items: int | None = None, offset: int = -1) -> dict[str, Any]:
        """Return the newest `max_items`, oldest first; an `offset` counts from the oldest."""
        with self._condition:
            start = offset
            if offset < 0:
                start = len(self._history) - max_items if max_items is not None else 0
            end = None if max_items is None else max(0, start) + max(1, max_items)
            return dict(itertools.islice(self._history.items(), max(0, start), end))

    def history_of(self, prompt_id: str) -> dict[str, Any]:
        entry = self._history.get(prompt_id)
        return {prompt_id: entry} if entry else {}

    def forget(self, prompt_ids: Iterable[str] | None = None) -> None:
        """Drop these entries of the history, or all of them."""
        with self._condition:
            for prompt_id in list(self._history) if prompt_ids is None else prompt_ids:
                self._history.pop(prompt_id, None)

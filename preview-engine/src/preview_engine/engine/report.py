"""Reports one run: events for its client, messages for the history.

Events, their order and their receivers follow ComfyUI. A prompt without client_id sends no
events but progress and previews, which go to every client.
"""

import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from preview_engine.classes.pictures import encoded
from preview_engine.engine.events import Events
from preview_engine.engine.queue import Prompt


@dataclass(slots=True)
class Report:
    """Collects messages for the history and sends events to clients."""

    prompt: Prompt
    events: Events
    executed: list[str] = field(default_factory=list[str])
    messages: list[tuple[str, dict[str, Any]]] = field(
        default_factory=list[tuple[str, dict[str, Any]]]
    )
    shown: dict[str, Any] = field(default_factory=dict[str, Any])
    progress: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """By graph node; each event carries all entries, as in ComfyUI."""

    def is_heard(self) -> bool:
        return self.events.is_heard(self.prompt.client_id)

    def begin_node(self, node_id: str) -> None:
        self._send_progress(node_id, value=0.0, max=1.0, state="running")
        self._send("executing", node=node_id, display_node=node_id)

    def end_node(self, node_id: str, shown: dict[str, Any] | None, *, is_cached: bool) -> None:
        """Report the end of a node; without a client, cached output is left out, as in ComfyUI."""
        if shown is not None and not (is_cached and self.prompt.client_id is None):
            self.shown[node_id] = shown
            self._send("executed", node=node_id, display_node=node_id, output=shown)
        maximum = self.progress.get(node_id, {}).get("max", 1.0)
        self._send_progress(node_id, value=maximum, max=maximum, state="finished")

    def step(self, node_id: str, value: int, maximum: int, preview: Image.Image | None) -> None:
        """Report a step. A preview with metadata goes before `progress`, one without after it."""
        self._send_progress(node_id, value=value, max=maximum, state="running")
        client_id, prompt_id = self.prompt.client_id, self.prompt.prompt_id
        has_metadata = self.events.wants_preview_metadata(client_id)
        jpeg = encoded(preview, "JPEG", quality=80) if preview and self.is_heard() else None
        if jpeg and has_metadata:
            self.events.send_preview_with_metadata(jpeg, self._ids(node_id), client_id)
        data = {"value": value, "max": maximum, "prompt_id": prompt_id, "node": node_id}
        self.events.send("progress", data, client_id)
        if jpeg and not has_metadata:
            self.events.send_preview(jpeg, client_id)

    def record(self, kind: str, *, is_public: bool = False, **data: object) -> None:
        """Send and add to the history; if `is_public`, send to all when there is no client_id."""
        now = {"prompt_id": self.prompt.prompt_id, "timestamp": int(time.time() * 1000)}
        self.messages.append((kind, {**data, **now}))
        if self.prompt.client_id is not None or is_public:
            self.events.send(kind, {**data, **now}, self.prompt.client_id)

    def record_interrupted(self, node_id: str) -> None:
        self.record(
            "execution_interrupted",
            is_public=True,
            node_id=node_id,
            node_type=self.prompt.graph[node_id]["class_type"],
            executed=self.executed,
        )

    def record_error(self, node_id: str, inputs: dict[str, Any], error: Exception) -> None:
        self.record(
            "execution_error",
            node_id=node_id,
            node_type=self.prompt.graph[node_id]["class_type"],
            executed=self.executed,
            exception_message=f"{error}\n",
            exception_type=_type_name(error),
            traceback=traceback.format_tb(error.__traceback__),
            current_inputs={name: [_readable(value)] for name, value in inputs.items()},
            current_outputs=list(self.prompt.graph),
        )

    def result(self, *, is_success: bool) -> dict[str, Any]:
        """Return the entry for the history."""
        status = {
            "status_str": "success" if is_success else "error",
            "completed": is_success,
            "messages": self.messages,
        }
        meta = {
            node_id: {
                "node_id": node_id,
                "display_node": node_id,
                "parent_node": None,
                "real_node_id": node_id,
            }
            for node_id in self.shown
        }
        return {"outputs": self.shown, "status": status, "meta": meta}

    def _ids(self, node_id: str) -> dict[str, str | None]:
        return {
            "node_id": node_id,
            "prompt_id": self.prompt.prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }

    def _send_progress(self, node_id: str, **state: object) -> None:
        self.progress[node_id] = state | self._ids(node_id)
        data = {"prompt_id": self.prompt.prompt_id, "nodes": self.progress}
        self.events.send("progress_state", data, self.prompt.client_id)

    def _send(self, kind: str, **data: object) -> None:
        if self.prompt.client_id is not None:
            data["prompt_id"] = self.prompt.prompt_id
            self.events.send(kind, data, self.prompt.client_id)


def _type_name(error: Exception) -> str:
    """Return the type's name as ComfyUI gives it: built-in exceptions without their module."""
    named = getattr(error, "reported_type", None)
    kind = type(error)
    full = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return named if isinstance(named, str) else full


def _readable(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)

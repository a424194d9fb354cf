"""Tracks the progress of each graph node of the running prompt: the data of `progress_state`."""

from typing import Any


class Progress:
    """Grows by one entry per graph node; each event carries all entries, as in ComfyUI."""

    def __init__(self, prompt_id: str) -> None:
        self._prompt_id = prompt_id
        self._nodes: dict[str, dict[str, Any]] = {}

    def start(self, node_id: str) -> None:
        self._nodes[node_id] = {
            "value": 0.0,
            "max": 1.0,
            "state": "running",
            "node_id": node_id,
            "prompt_id": self._prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }

    def step(self, node_id: str, value: int, maximum: int) -> None:
        self._nodes[node_id] |= {"value": value, "max": maximum}

    def finish(self, node_id: str) -> None:
        if node_id not in self._nodes:
            self.start(node_id)
        entry = self._nodes[node_id]
        entry |= {"value": entry["max"], "state": "finished"}

    def data(self) -> dict[str, Any]:
        return {"prompt_id": self._prompt_id, "nodes": self._nodes}

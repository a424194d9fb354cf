"""Runs one prompt, graph node after graph node, with cached results where possible."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from PIL import Image

from preview_engine.classes.context import Context, Interrupted, NamedFailureError, Result
from preview_engine.classes.registry import compute
from preview_engine.domain.catalog import FILE_CLASSES, Catalog
from preview_engine.domain.links import inputs_of, link_of
from preview_engine.domain.order import ExecutionOrder
from preview_engine.domain.signatures import sign_graph
from preview_engine.domain.switches import Switches
from preview_engine.engine.queue import Prompt
from preview_engine.engine.report import Report
from preview_engine.folders import Folders, OutsideFolderError

CRASH_EXIT_CODE = 70


@dataclass(slots=True)
class Run:
    """`execute` is called once; `current_node` and `is_interrupted` are for other threads.

    `results` holds the results of the previous prompt by signature, and then those of this one.
    """

    prompt: Prompt
    catalog: Catalog
    folders: Folders
    switches: Switches
    preview_method: str
    results: dict[str, Result]
    report: Report
    current_node: str | None = None
    is_interrupted: bool = False
    _signatures: dict[str, str] = field(default_factory=dict[str, str])

    def execute(self) -> dict[str, Any]:
        """Run to success or failure; return the entry for the history."""
        self._signatures = sign_graph(self.prompt.graph, self._content_of)
        self.report.record("execution_start")
        for unused in self.results.keys() - self._signatures.values():
            del self.results[unused]
        cached = [node_id for node_id in self.prompt.graph if self._cached(node_id)]
        self.report.record("execution_cached", nodes=cached)
        order = ExecutionOrder(
            self.prompt.graph, self.catalog, lambda node_id: self._cached(node_id) is not None
        )
        order.add(self.prompt.outputs)
        is_success = self._run_all(order)
        if is_success:
            self.report.record("execution_success")
        self.current_node = None
        return self.report.result(is_success=is_success)

    def _content_of(self, node_id: str) -> str:
        """Digest the file that a graph node reads, so that a changed file makes a new result."""
        name = inputs_of(self.prompt.graph, node_id).get("image")
        if self.prompt.graph[node_id]["class_type"] in FILE_CLASSES and isinstance(name, str):
            with suppress(OutsideFolderError, OSError):
                return sha256(self.folders.input_file(name).read_bytes()).hexdigest()
        return ""

    def _run_all(self, order: ExecutionOrder) -> bool:
        while (node_id := order.next()) is not None:
            cached = self._cached(node_id)
            result = cached or self._run_node(node_id)
            if result is None:
                return False
            self.results[self._signatures[node_id]] = result
            self.report.end_node(node_id, result.shown, is_cached=cached is not None)
            order.done(node_id)
        return True

    def _run_node(self, node_id: str) -> Result | None:
        """Return the node's result, or None after recording why there is none."""
        self.current_node = node_id
        self.report.begin_node(node_id)
        inputs = self._inputs(node_id)
        try:
            self._check_interrupt()
            result = self._compute(node_id, inputs)
        except Interrupted:
            self.report.record_interrupted(node_id)
            return None
        except Exception as error:  # noqa: BLE001 - graph nodes may raise anything; clients are told
            self.report.record_error(node_id, inputs, error)
            return None
        self.report.executed.append(node_id)
        return result

    def _inputs(self, node_id: str) -> dict[str, Any]:
        """Return the declared inputs by name, with links replaced by their values."""
        node = self.prompt.graph[node_id]
        given: dict[str, Any] = {}
        for declared in self.catalog[node["class_type"]].inputs:
            if declared.name in node["inputs"]:
                value = node["inputs"][declared.name]
                link = link_of(value)
                source = self._cached(link.node_id) if link else None
                given[declared.name] = source.values[link.slot] if link and source else value
        return given

    def _compute(self, node_id: str, inputs: dict[str, Any]) -> Result:
        class_name = self.prompt.graph[node_id]["class_type"]
        if class_name == self.switches.fail_class:
            raise NamedFailureError(self.switches.fail_message, self.switches.fail_type)
        asked = self.prompt.extra_data.get("preview_method", "default")
        method = self.preview_method if asked == "default" else asked
        context = Context(
            graph=self.prompt.graph,
            extra_data=self.prompt.extra_data,
            folders=self.folders,
            switches=self.switches,
            wants_previews=self.report.is_heard() and method != "none",
            step=lambda value, maximum, preview: self._step(node_id, value, maximum, preview),
        )
        return compute(class_name, context, inputs)

    def _step(self, node_id: str, value: int, maximum: int, preview: Image.Image | None) -> None:
        self._check_interrupt()
        if self.switches.crash_after_steps == 1:
            os._exit(CRASH_EXIT_CODE)
        self.switches.crash_after_steps = max(0, self.switches.crash_after_steps - 1)
        self.report.step(node_id, value, maximum, preview)

    def _check_interrupt(self) -> None:
        if self.is_interrupted:
            raise Interrupted

    def _cached(self, node_id: str) -> Result | None:
        return self.results.get(self._signatures[node_id])

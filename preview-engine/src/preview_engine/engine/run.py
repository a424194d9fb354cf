"""Runs one prompt, graph node after graph node, with cached results where possible."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from PIL import Image

from preview_engine.classes.context import Context, Interrupted
from preview_engine.classes.result import Result
from preview_engine.domain.catalog import Catalog
from preview_engine.domain.links import link_of
from preview_engine.domain.order import ExecutionOrder
from preview_engine.engine.cache import ResultCache
from preview_engine.engine.queue import Prompt
from preview_engine.engine.report import Report

Compute: TypeAlias = Callable[[str, Context, dict[str, Any]], Result]


@dataclass(slots=True)
class Run:
    """`execute` is called once; `current_node` may be read from any thread."""

    prompt: Prompt
    catalog: Catalog
    signatures: dict[str, str]
    cache: ResultCache
    report: Report
    compute: Compute
    check_interrupt: Callable[[], None]
    before_step: Callable[[], None]
    current_node: str | None = None

    def execute(self) -> dict[str, Any]:
        """Run to success or failure; return the entry for the history."""
        self.report.record("execution_start")
        self.cache.keep_only(self.signatures.values())
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

    def _run_all(self, order: ExecutionOrder) -> bool:
        while (node_id := order.next()) is not None:
            cached = self._cached(node_id)
            result = cached or self._run_node(node_id)
            if result is None:
                return False
            self.cache.put(self.signatures[node_id], result)
            self.report.end_node(node_id, result.shown, is_cached=cached is not None)
            order.done(node_id)
        return True

    def _run_node(self, node_id: str) -> Result | None:
        """Return the node's result, or None after recording why there is none."""
        self.current_node = node_id
        self.report.begin_node(node_id)
        inputs = self._inputs(node_id)
        try:
            self.check_interrupt()
            class_name = self.prompt.graph[node_id]["class_type"]
            result = self.compute(class_name, self._context(node_id), inputs)
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

    def _context(self, node_id: str) -> Context:
        return Context(
            graph=self.prompt.graph,
            extra_data=self.prompt.extra_data,
            wants_previews=self.report.events.is_heard(self.prompt.client_id),
            step=lambda value, maximum, preview: self._step(node_id, value, maximum, preview),
        )

    def _step(self, node_id: str, value: int, maximum: int, preview: Image.Image | None) -> None:
        self.check_interrupt()
        self.before_step()
        self.report.step(node_id, value, maximum, preview)

    def _cached(self, node_id: str) -> Result | None:
        return self.cache.get(self.signatures[node_id])

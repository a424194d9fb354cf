"""Decides which graph node runs next, in ComfyUI's order, since clients see the order.

Nodes are discovered from each output by depth, last input first. Among ready nodes an output
node goes first, then one that an output waits for, then one a step further back.
"""

from collections.abc import Callable, Iterable, Iterator

from preview_engine.domain.catalog import Catalog, Graph
from preview_engine.domain.links import inputs_of, link_of


class ExecutionOrder:
    """The graph nodes still to run: `next` returns one, `done` removes it."""

    def __init__(self, graph: Graph, catalog: Catalog, is_cached: Callable[[str], bool]) -> None:
        self._graph = graph
        self._catalog = catalog
        self._is_cached = is_cached
        self._waits_for: dict[str, int] = {}
        self._blocks: dict[str, dict[str, None]] = {}

    def add(self, outputs: Iterable[str]) -> None:
        for output in outputs:
            self._add(output)

    def next(self) -> str | None:
        """Return the best ready graph node, or None when all are done."""
        ready = [node_id for node_id, count in self._waits_for.items() if count == 0]
        for distance in (0, 1, 2):
            for node_id in ready:
                if any(self._is_output(other) for other in self._ahead(node_id, distance)):
                    return node_id
        return ready[0] if ready else None

    def done(self, node_id: str) -> None:
        del self._waits_for[node_id]
        for blocked in self._blocks.pop(node_id):
            self._waits_for[blocked] -= 1

    def _add(self, output: str) -> None:
        unseen = [output]
        while unseen:
            node_id = unseen.pop()
            if node_id in self._waits_for:
                continue
            self._waits_for[node_id] = 0
            self._blocks.setdefault(node_id, {})
            for source in self._sources(node_id):
                if node_id not in self._blocks.setdefault(source, {}):
                    self._blocks[source][node_id] = None
                    self._waits_for[node_id] += 1
                unseen.append(source)

    def _sources(self, node_id: str) -> Iterator[str]:
        """Yield the graph nodes that declared inputs wait for.

        ComfyUI follows undeclared inputs as well, and a dangling one there kills its worker.
        """
        class_name = self._graph[node_id]["class_type"]
        declared = {entry.name for entry in self._catalog[class_name].inputs}
        for name, value in inputs_of(self._graph, node_id).items():
            link = link_of(value) if name in declared else None
            if link and link.node_id in self._graph and not self._is_cached(link.node_id):
                yield link.node_id

    def _ahead(self, node_id: str, distance: int) -> Iterator[str]:
        if distance == 0:
            yield node_id
            return
        for blocked in self._blocks[node_id]:
            yield from self._ahead(blocked, distance - 1)

    def _is_output(self, node_id: str) -> bool:
        return self._catalog[self._graph[node_id]["class_type"]].is_output

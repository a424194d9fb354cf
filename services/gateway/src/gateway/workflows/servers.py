"""Decides which kinds of servers are incompatible with a graph, at every submission.

Servers differ in few classes, so servers that are alike in all classes of a graph are checked once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from cachetools import LRUCache

from contracts.registry.workflows import ServerClasses
from contracts.scheduler.job_requests import Incompatible
from workflows import Spec, unmet
from workflows.graph.graph import Graph

Classes: TypeAlias = Mapping[str, Mapping[str, Any]]
MOST_GRAPHS = 2_000
MOST_KINDS = 12
"""Kinds of servers that one graph is checked against, about 0.1 ms each; most servers first."""
MOST_UNMET = 20


class Servers:
    """Classes of each kind of server, by its digest."""

    def __init__(self, known: Iterable[ServerClasses] = ()) -> None:
        pool: dict[str, Mapping[str, Any]] = {}
        self._takes: dict[str, Classes] = {
            server.digest: {
                name: pool.setdefault(json.dumps(info), info)
                for name, info in server.classes.items()
            }
            for server in known
        }
        self._kinds: LRUCache[frozenset[str], list[tuple[frozenset[str], Classes]]] = LRUCache(
            MOST_GRAPHS
        )

    def incompatible(
        self, graph: Graph, spec: Spec, classes: frozenset[str]
    ) -> tuple[Incompatible, ...]:
        """Return the servers that refuse the rendered graph, which has these classes.

        Missing classes and model files are left to the scheduler, which knows those of each node.
        """
        found: list[Incompatible] = []
        for digests, takes in self.kinds(classes):
            missing = [entry for entry in unmet(graph, takes, spec) if entry.kind != "class"]
            if missing:
                found.append(Incompatible(digests=digests, unmet=tuple(missing[:MOST_UNMET])))
        return tuple(found)

    def kinds(self, classes: frozenset[str]) -> list[tuple[frozenset[str], Classes]]:
        """Return the servers in groups that are alike in these classes."""
        known = self._kinds.get(classes)
        if known is None:
            known = self._kinds[classes] = self._sorted(classes)
        return known

    def _sorted(self, classes: frozenset[str]) -> list[tuple[frozenset[str], Classes]]:
        groups: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
        names = sorted(classes)
        for digest, takes in self._takes.items():
            # equal classes are one object, thanks to `pool`
            groups[tuple(id(takes.get(name)) for name in names)].append(digest)
        largest = sorted(groups.values(), key=len, reverse=True)[:MOST_KINDS]
        return [(frozenset(digests), self._takes[digests[0]]) for digests in largest]

"""Which kinds of servers do not take a graph: asked at every submit, so prepared before.

Servers differ in few classes; those that are alike in all that a graph uses are judged once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from contracts.registry.workflows import ServerClasses
from contracts.scheduler.job_requests import Incompatible
from workflows import Spec, unmet
from workflows.graph.graph import Graph

Classes: TypeAlias = Mapping[str, Mapping[str, Any]]
MOST_GRAPHS = 2_000
MOST_KINDS = 12
"""Kinds of servers that one graph is held against, some 0.1 ms each; most servers first."""
MOST_MISSING = 20


class Servers:
    """What each kind of server takes, by its digest."""

    def __init__(self, known: Iterable[ServerClasses] = ()) -> None:
        pool: dict[str, Mapping[str, Any]] = {}
        self._takes: dict[str, Classes] = {
            server.digest: {
                name: pool.setdefault(json.dumps(info), info)
                for name, info in server.classes.items()
            }
            for server in known
        }
        self._kinds: dict[frozenset[str], list[tuple[frozenset[str], Classes]]] = {}

    def unfit(self, graph: Graph, spec: Spec, classes: frozenset[str]) -> tuple[Incompatible, ...]:
        """The servers that do not take the rendered graph, which has these classes.

        Classes and files that a server has not at all are left to the scheduler: it knows them.
        """
        found: list[Incompatible] = []
        for digests, takes in self.kinds(classes):
            missing = [entry for entry in unmet(graph, takes, spec) if entry.kind != "class"]
            if missing:
                found.append(Incompatible(digests=digests, unmet=tuple(missing[:MOST_MISSING])))
        return tuple(found)

    def kinds(self, classes: frozenset[str]) -> list[tuple[frozenset[str], Classes]]:
        """The servers in groups that are alike in these classes."""
        known = self._kinds.get(classes)
        if known is None:
            if len(self._kinds) >= MOST_GRAPHS:
                self._kinds.clear()
            known = self._kinds[classes] = self._sorted(classes)
        return known

    def _sorted(self, classes: frozenset[str]) -> list[tuple[frozenset[str], Classes]]:
        groups: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
        names = sorted(classes)
        for digest, takes in self._takes.items():
            groups[tuple(id(takes.get(name)) for name in names)].append(digest)
        largest = sorted(groups.values(), key=len, reverse=True)[:MOST_KINDS]
        return [(frozenset(digests), self._takes[digests[0]]) for digests in largest]

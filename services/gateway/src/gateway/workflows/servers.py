"""Decides which kinds of servers are incompatible with a graph, at every submission.

Servers differ in few classes, so servers that are alike in all classes of a graph are checked once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeAlias

from cachetools import LRUCache, cachedmethod

from contracts.registry.workflows import ServerClasses
from contracts.scheduler.job_requests import Incompatible
from workflows import Spec, unmet
from workflows.compatibility.object_info import ENGINE
from workflows.compatibility.seeds import seed_ranges
from workflows.compatibility.unmet import doubtful
from workflows.graph.graph import Graph, class_of
from workflows.inputs.validation import SeedRanges

Classes: TypeAlias = Mapping[str, Mapping[str, Any]]
MAX_GRAPHS = 2_000
MAX_KINDS = 12
"""Kinds of servers that one graph is checked against, about 0.1 ms each; most servers first."""
MAX_UNMET = 20


class Servers:
    """Knows which graph-node classes each kind of server has.

    Servers with the same digest have the same classes. Classes of an engine that `unmet` does not
    read are left out: its servers count as not described.
    """

    def __init__(self, servers: Iterable[ServerClasses] = ()) -> None:
        pool: dict[str, Mapping[str, Any]] = {}
        self._classes_by_digest: dict[str, Classes] = {
            server.digest: {
                name: pool.setdefault(json.dumps(info), info)
                for name, info in server.classes.items()
            }
            for server in servers
            if server.engine == ENGINE
        }
        self._kinds: LRUCache[Any, list[tuple[frozenset[str], Classes]]] = LRUCache(MAX_GRAPHS)

    def incompatible(
        self, graph: Graph, spec: Spec, classes: frozenset[str]
    ) -> tuple[tuple[Incompatible, ...], tuple[Incompatible, ...]]:
        """Return the servers that refuse the rendered graph, and those that may refuse it.

        Missing classes and model files are left to the scheduler, which knows those of each node.
        Servers that only may refuse it count where others surely do not; else one of them is tried,
        and the scheduler remembers its answer.
        """
        found: list[Incompatible] = []
        doubts: list[Incompatible] = []
        has_sure = False
        for digests, offered in self.kinds(classes):
            lacking = unmet(graph, offered, spec)
            missing = [entry for entry in lacking if entry.kind != "class"]
            if entries := missing or doubtful(graph, offered, spec):
                server = Incompatible(digests=digests, unmet=tuple(entries[:MAX_UNMET]))
                (found if missing else doubts).append(server)
            has_sure = has_sure or not (lacking or entries)
        return (tuple(found + doubts), ()) if has_sure else (tuple(found), tuple(doubts))

    def seed_ranges(self, graph: Graph, spec: Spec) -> SeedRanges:
        """Return the seeds that every kind of server takes, for each seed of the spec."""
        classes = frozenset(
            class_of(graph[bind.node])
            for item in spec.inputs.values()
            for bind in item.bind
            if item.type == "seed"
        )
        offers = [offered for _, offered in self.kinds(classes)] if classes else []
        return seed_ranges(graph, spec, offers)

    @cachedmethod(attrgetter("_kinds"))
    def kinds(self, classes: frozenset[str]) -> list[tuple[frozenset[str], Classes]]:
        """Return the servers in groups that are alike in these classes."""
        groups: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
        names = sorted(classes)
        for digest, offered in self._classes_by_digest.items():
            # equal classes are one object, thanks to `pool`
            groups[tuple(id(offered.get(name)) for name in names)].append(digest)
        largest = sorted(groups.values(), key=len, reverse=True)[:MAX_KINDS]
        return [(frozenset(digests), self._classes_by_digest[digests[0]]) for digests in largest]

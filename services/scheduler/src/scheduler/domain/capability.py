"""Which nodes could run a job at all, and what they lack if none can."""

from collections.abc import Iterable
from uuid import UUID

from contracts.scheduling import Needs
from scheduler.domain.nodes import Node
from scheduler.domain.state import State
from scheduler.domain.waiting import Kind

KINDS_KEPT = 10_000


def capable_nodes(state: State, kind: Kind) -> frozenset[UUID]:
    """Nodes that have what the kind needs, whatever they do now; `avoid` plays no part."""
    key = kind._replace(avoid=frozenset())
    found = state.capable.get(key)
    if found is None:
        if len(state.capable) >= KINDS_KEPT:
            state.capable.clear()
        found = frozenset(node.id for node in state.nodes.values() if is_capable(node, key))
        state.capable[key] = found
    return found


def is_capable(node: Node, kind: Kind) -> bool:
    abilities = node.abilities
    return (
        bool(abilities.digest)
        and node.spec.enabled
        and kind.version_hash not in node.lacks
        and kind.classes <= abilities.classes
        and kind.models <= abilities.models
    )


def missing(nodes: Iterable[Node], needs: Needs) -> list[str]:
    """What the node that comes nearest lacks, as texts for people; empty without nodes."""
    lists = [lacking(node, needs) for node in nodes if node.abilities.digest]
    return min(lists, key=len, default=list[str]())


def lacking(node: Node, needs: Needs) -> list[str]:
    classes = sorted(needs.classes - node.abilities.classes)
    models = sorted(f"{m.folder}/{m.name}" for m in needs.models - node.abilities.models)
    return classes + models

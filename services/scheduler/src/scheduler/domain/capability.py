"""Which nodes could run a job at all, and what they lack if none can."""

from collections.abc import Iterable
from uuid import UUID

from contracts.scheduler.job_requests import NewJob
from contracts.values import Unmet
from scheduler.domain.nodes import Node
from scheduler.domain.state import State
from scheduler.domain.waiting import Kind

KINDS_KEPT = 10_000
MOST_MISSING = 20


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
        and node.spec.is_enabled
        and kind.version_hash not in node.lacks
        and kind.classes <= abilities.classes
        and kind.models <= abilities.models
        and abilities.digest not in kind.unfit
    )


def missing(nodes: Iterable[Node], spec: NewJob) -> list[Unmet]:
    """What the node that comes nearest lacks; empty without nodes that could get jobs."""
    lists = [
        lacking(node, spec) for node in nodes if node.abilities.digest and node.spec.is_enabled
    ]
    return min(lists, key=len, default=list[Unmet]())[:MOST_MISSING]


def lacking(node: Node, spec: NewJob) -> list[Unmet]:
    needs, abilities = spec.requirements, node.abilities
    classes = sorted(needs.classes - abilities.classes)
    models = sorted(f"{m.folder}/{m.name}" for m in needs.models - abilities.models)
    found = [Unmet(kind="class", name=c, message=f"no graph-node class {c}") for c in classes]
    found += [Unmet(kind="model", name=m, message=f"no model file {m}") for m in models]
    for group in needs.incompatible:
        if abilities.digest in group.digests:
            found += group.unmet
    if spec.version_hash in node.lacks:
        text = "its ComfyUI refused this version for want of a model file or a class"
        found.append(Unmet(kind="input", name=spec.workflow, message=text))
    return found

"""Decides which nodes meet a job's requirements, and lists what the best node lacks."""

from collections.abc import Iterable
from uuid import UUID

from contracts.scheduler.job_requests import NewJob
from contracts.values import Unmet
from scheduler.domain.nodes import Node
from scheduler.domain.startable import Kind
from scheduler.domain.state import State

KINDS_KEPT = 10_000
MOST_UNMET = 20


def eligible_nodes(state: State, kind: Kind) -> frozenset[UUID]:
    """Return the nodes that meet the kind's requirements, busy or not; `avoid` plays no part."""
    key = kind._replace(avoid=frozenset())
    found = state.eligible.get(key)
    if found is None:
        if len(state.eligible) >= KINDS_KEPT:
            state.eligible.clear()
        found = frozenset(node.id for node in state.nodes.values() if is_eligible(node, key))
        state.eligible[key] = found
    return found


def is_eligible(node: Node, kind: Kind) -> bool:
    capabilities = node.capabilities
    return (
        bool(capabilities.digest)
        and node.settings.is_enabled
        and kind.version_hash not in node.versions_lacking_files
        and kind.classes <= capabilities.classes
        and kind.models <= capabilities.models
        and capabilities.digest not in kind.incompatible
    )


def unmet_by_best_node(nodes: Iterable[Node], request: NewJob) -> list[Unmet]:
    """List the unmet requirements of the best node; none if no node could get jobs at all."""
    lists = [
        unmet_by(node, request)
        for node in nodes
        if node.capabilities.digest and node.settings.is_enabled
    ]
    return min(lists, key=len, default=list[Unmet]())[:MOST_UNMET]


def unmet_by(node: Node, request: NewJob) -> list[Unmet]:
    required, capabilities = request.requirements, node.capabilities
    classes = sorted(required.classes - capabilities.classes)
    models = sorted(f"{m.folder}/{m.name}" for m in required.models - capabilities.models)
    found = [Unmet(kind="class", name=c, message=f"no graph-node class {c}") for c in classes]
    found += [Unmet(kind="model", name=m, message=f"no model file {m}") for m in models]
    for group in required.incompatible:
        if capabilities.digest in group.digests:
            found += group.unmet
    if request.version_hash in node.versions_lacking_files:
        text = "its engine refused this version because a model file or a class is missing"
        found.append(Unmet(kind="input", name=request.workflow, message=text))
    return found

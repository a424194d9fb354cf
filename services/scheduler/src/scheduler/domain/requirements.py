"""Filters of nodes for a kind of job: which nodes meet its requirements, and what the best lacks.

Nodes with equal descriptions (one digest) are judged once, and each kind of job once until a
description changes: names of models are free text, so users can make any number of kinds.
"""

from itertools import islice
from uuid import UUID

from contracts.errors import ConflictError, FieldError
from contracts.scheduler.requirements import lacking, unmet_names
from contracts.values import Unmet, shortened
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.obstacles import Filter, Obstacle, first_obstacle
from scheduler.domain.startable import Kind, kind_of
from scheduler.domain.state import State

KINDS_KEPT = 10_000
MOST_UNMET = 20
MOST_COMPARED = 64
"""Descriptions among which the best for an unrunnable job is sought."""
MOST_NAMED, LONGEST_NAME = 3, 100

INCOMPATIBLE = Obstacle("incompatible", "refuses the graph although it may have all files")
REFUSED = Obstacle(
    "refused", "its engine refused the job because a model file or a class is missing"
)


def eligible_nodes(state: State, kind: Kind) -> frozenset[UUID]:
    """Return the nodes that meet the kind's requirements, busy or not."""
    key = kind.requirements
    found = state.eligibility.nodes.get(key)
    if found is None:
        found = frozenset(
            node.id
            for nodes in equal_nodes(state)
            if not first_obstacle(DESCRIPTION_FILTERS, nodes[0], key)
            for node in nodes
        )
        keep(state.eligibility.nodes, key, found)
    return found - barred_nodes(state, kind) if kind.refused_by else found


def barred_nodes(state: State, kind: Kind) -> frozenset[UUID]:
    nodes = (state.nodes.get(node_id) for node_id, _ in kind.refused_by)
    return frozenset(node.id for node in nodes if node and refused(node, kind))


def equal_nodes(state: State) -> list[list[Node]]:
    """Group the usable nodes whose descriptions are equal."""
    cache = state.eligibility
    if cache.groups is None:
        groups: dict[str, list[Node]] = {}
        for node in state.nodes.values():
            if node.capabilities.digest and node.settings.is_enabled:
                groups.setdefault(node.capabilities.digest, []).append(node)
        cache.groups = list(groups.values())
    return cache.groups


def keep(cache: dict[Kind, frozenset[UUID]], key: Kind, found: frozenset[UUID]) -> None:
    """Add to a cache that forgets its oldest entry when it is full."""
    if len(cache) >= KINDS_KEPT:
        del cache[next(iter(cache))]
    cache[key] = found


def incompatible(node: Node, kind: Kind) -> Obstacle | None:
    return INCOMPATIBLE if node.capabilities.digest in kind.incompatible else None


def missing(node: Node, kind: Kind) -> Obstacle | None:
    """Object to a node without a class or a model file that the kind requires."""
    classes, models = lacking(node.capabilities, kind)
    if not classes and not models:
        return None
    files = (f"{model.folder}/{model.name}" for model in models)
    names = [shortened(name, LONGEST_NAME) for name in (*sorted(classes), *sorted(files))]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return Obstacle("missing", f"lacks {', '.join(names[:MOST_NAMED])}{more}")


def refused(node: Node, kind: Kind) -> Obstacle | None:
    """Object to a node that refused the job and has not changed since."""
    return REFUSED if (node.id, node.capabilities.digest) in kind.refused_by else None


DESCRIPTION_FILTERS: tuple[Filter[Node, Kind], ...] = (incompatible, missing)
"""They say the same of all nodes with equal descriptions."""
KIND_FILTERS = (*DESCRIPTION_FILTERS, refused)


def refuse_unrunnable(state: State, job: Job) -> None:
    """Raise for a job that no node can run, with each requirement that the best one lacks."""
    if eligible_nodes(state, kind_of(job)):
        return
    if not equal_nodes(state):
        text = "no node can run the job: no node is enabled and described"
        raise ConflictError(text, code="unrunnable")
    errors = [
        FieldError(
            path=unmet.field or "workflow",
            code="unmet",
            message=unmet.message,
            params={"kind": unmet.kind, "name": unmet.name},
        )
        for unmet in unmet_by_best_node(state, job)
    ]
    raise ConflictError("no node can run the job", code="unrunnable", errors=errors)


def unmet_by_best_node(state: State, job: Job) -> list[Unmet]:
    """List the unmet requirements of the best node; none if no node could get jobs at all."""
    nodes = [group[0] for group in islice(equal_nodes(state), MOST_COMPARED)]
    best = min(nodes, key=lambda node: count_unmet(node, job), default=None)
    return unmet_by(state, best, job)[:MOST_UNMET] if best else []


def count_unmet(node: Node, job: Job) -> int:
    required, capabilities = job.request.requirements, node.capabilities
    count = sum(map(len, lacking(capabilities, required)))
    groups = (group for group in required.incompatible if capabilities.digest in group.digests)
    return count + sum(len(group.unmet) for group in groups)


def unmet_by(state: State, node: Node, job: Job) -> list[Unmet]:
    required, capabilities = job.request.requirements, node.capabilities
    found = unmet_names(capabilities, required)
    for group in required.incompatible:
        if capabilities.digest in group.digests:
            found += group.unmet
    if not found and barred_nodes(state, kind_of(job)):
        found.append(Unmet(kind="input", name=job.request.workflow, message=REFUSED.message))
    return found

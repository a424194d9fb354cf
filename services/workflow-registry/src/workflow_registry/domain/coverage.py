"""Whether a server can run a version, and what it lacks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contracts.registry.requests import CoverageView, NodeCoverage
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import NodePhase, NodeView
from contracts.values import Unmet
from workflow_registry.domain.descriptions import Description
from workflows import Spec, render, unmet
from workflows.compatibility.incompatible import incompatible
from workflows.compatibility.unmet import as_unmet, binds_of, unmet_models
from workflows.graph.graph import Graph
from workflows.spec.parameter import InputSpec

MOST_MISSING = 20
MOST_ENTRIES = 1_500
"""Of all nodes together: an answer may have 512 KiB."""
MOST_NODES = 1_000
WORKING = frozenset({NodePhase.READY, NodePhase.BUSY})
ANY_MEDIA = {"media": "00000000-0000-0000-0000-000000000000"}


def missing(graph: Graph, spec: Spec, description: Description) -> list[Unmet]:
    """What keeps the version from running there: with its inputs at their defaults, or switched."""
    standing = render(graph, spec, standing_inputs(spec))

    def has(model: tuple[str, str]) -> bool:
        return ModelFile(folder=model[0], name=model[1]) in description.models

    found = [*unmet_models(standing, spec, has), *unmet(standing, description.classes, spec)]
    binds = binds_of(spec)
    found += [
        as_unmet(error, standing, spec, binds)
        for error in incompatible(graph, spec, description.classes)
    ]
    return list({(entry.kind, entry.name): entry for entry in found}.values())[:MOST_MISSING]


def standing_inputs(spec: Spec) -> dict[str, Any]:
    return {name: standing_value(item) for name, item in spec.inputs.items()}


def standing_value(item: InputSpec) -> Any:
    """The default; a file where one is demanded, since without it the graph is another."""
    if item.is_media and item.required:
        return [ANY_MEDIA] * max(1, item.min_items or 1) if item.is_list else ANY_MEDIA
    return 0 if item.type == "seed" else item.default


def coverage(nodes: Sequence[NodeView], lacking: Mapping[str, Sequence[Unmet]]) -> CoverageView:
    """The view of all nodes; `lacking` is what each described digest lacks."""
    most = max(1, min(MOST_MISSING, MOST_ENTRIES // max(1, len(nodes))))
    items = [node_coverage(node, lacking, most) for node in nodes[:MOST_NODES]]
    return CoverageView(is_runnable=is_runnable(nodes, lacking), items=items)


def node_coverage(
    node: NodeView, lacking: Mapping[str, Sequence[Unmet]], most: int
) -> NodeCoverage:
    lacks = lacking.get(node.digest or "")
    return NodeCoverage(
        node_id=node.id,
        name=node.name,
        phase=node.phase,
        is_described=lacks is not None,
        is_runnable=lacks is not None and not lacks,
        unmet=list(lacks or [])[:most],
    )


def is_runnable(nodes: Iterable[NodeView], lacking: Mapping[str, Sequence[Unmet]]) -> bool | None:
    """Whether some node that takes jobs can run it; None while none is described."""
    verdicts = [
        not lacking[node.digest]
        for node in nodes
        if node.digest and node.digest in lacking and node.phase in WORKING and node.is_enabled
    ]
    return any(verdicts) if verdicts else (None if not lacking else False)


def nearest(lacking: Mapping[str, Sequence[Unmet]]) -> list[Unmet]:
    """Return the unmet requirements of the server that meets the most."""
    return list(min(lacking.values(), key=len, default=()))

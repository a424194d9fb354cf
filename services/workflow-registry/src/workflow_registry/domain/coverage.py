"""Decides whether a server can run a version, and which requirements it does not meet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from contracts.registry.requests import CoverageView, NodeCoverage
from contracts.scheduler.job_requests import ModelFile, Requirements
from contracts.scheduler.nodes import NodePhase, NodeView
from contracts.scheduler.requirements import unmet_names
from contracts.values import Unmet, fitting
from workflow_registry.domain.descriptions import Description
from workflows import Spec, render, requirements, unmet
from workflows.compatibility.incompatible import incompatible
from workflows.compatibility.switch_cases import MEDIA
from workflows.compatibility.unmet import of_spec, with_graph_nodes
from workflows.graph.graph import Graph
from workflows.spec.parameter import InputSpec

MAX_UNMET = 20
MAX_ENTRIES = 1_500
"""Unmet requirements of all nodes together."""
MAX_BYTES = 192 * 1024
"""Nodes in one answer, beside graph and spec, differences and warnings."""
WORKING = frozenset({NodePhase.READY, NodePhase.BUSY})


UnmetByDigest: TypeAlias = Mapping[str, Sequence[Unmet]]
"""Unmet requirements of one version, by the digest of the servers."""


def unmet_requirements(graph: Graph, spec: Spec, description: Description) -> list[Unmet]:
    """Return the requirements that the server does not meet, at default or switched inputs."""
    defaults = {name: default_value(item) for name, item in spec.inputs.items()}
    rendered = render(graph, spec, defaults)

    names = requirements(rendered)
    models = frozenset(ModelFile(folder=folder, name=name) for folder, name in names.models)
    lacking = unmet_names(description, Requirements(classes=names.classes, models=models))
    found = with_graph_nodes(lacking, rendered, spec)
    values = unmet(rendered, description.classes, spec)
    found += (entry for entry in values if entry.kind != "class")
    found += map(of_spec, incompatible(graph, spec, description.classes))
    return list({(entry.kind, entry.name): entry for entry in found}.values())[:MAX_UNMET]


def default_value(item: InputSpec) -> Any:
    """Return the default; for a required file some media, since the graph differs without it."""
    if item.is_media and item.required:
        return [MEDIA] * max(1, item.min_items or 1) if item.is_list else MEDIA
    return 0 if item.type == "seed" else item.default


def coverage(nodes: Sequence[NodeView], found: UnmetByDigest) -> CoverageView:
    """Return the view of all nodes; `found` holds each described digest."""
    most = max(1, min(MAX_UNMET, MAX_ENTRIES // max(1, len(nodes))))
    items = fitting((node_coverage(node, found, most) for node in nodes), MAX_BYTES)
    runnable = is_runnable(nodes, found)
    return CoverageView(is_runnable=runnable, nodes=items, node_count=len(nodes))


def node_coverage(node: NodeView, found: UnmetByDigest, most: int) -> NodeCoverage:
    entries = found.get(node.digest or "")
    return NodeCoverage(
        node_id=node.id,
        name=node.name,
        phase=node.phase,
        is_described=entries is not None,
        is_runnable=entries is not None and not entries,
        unmet=list(entries or [])[:most],
    )


def is_runnable(nodes: Iterable[NodeView], found: UnmetByDigest) -> bool | None:
    """Return whether some node that takes jobs can run it; None while none is described."""
    results = [
        not found[node.digest]
        for node in nodes
        if node.digest and node.digest in found and node.phase in WORKING and node.is_enabled
    ]
    return any(results) if results else (None if not found else False)


def nearest(found: UnmetByDigest) -> list[Unmet]:
    """Return the unmet requirements of the server that meets the most."""
    return list(min(found.values(), key=len, default=()))

"""Computes cache keys: graph nodes with equal signatures have equal results.

A signature covers the class, the constants and, through links, everything upstream, but not the
node's id. So prompts and clients share the cache, as in ComfyUI.
"""

import hashlib
import json
from collections.abc import Callable

from preview_engine.domain.catalog import Graph
from preview_engine.domain.links import inputs_of, link_of


def sign_graph(graph: Graph, content_of: Callable[[str], str]) -> dict[str, str]:
    """Sign every graph node. `content_of` identifies the files that a node reads."""
    signatures: dict[str, str] = {}
    begun: set[str] = set()
    for start in graph:
        path = [start]
        while path:
            node_id = path[-1]
            unsigned = [] if node_id in begun else _unsigned(graph, node_id, signatures)
            begun.add(node_id)
            if unsigned:
                path.extend(unsigned)
                continue
            if node_id not in signatures:
                signatures[node_id] = _sign(graph, node_id, signatures, content_of(node_id))
            path.pop()
    return signatures


def _unsigned(graph: Graph, node_id: str, signatures: dict[str, str]) -> list[str]:
    inputs = inputs_of(graph, node_id).values()
    found = [link.node_id for value in inputs if (link := link_of(value))]
    return [other for other in found if other in graph and other not in signatures]


def _sign(graph: Graph, node_id: str, signatures: dict[str, str], content: str) -> str:
    signed: list[object] = [graph[node_id]["class_type"], content]
    for name, value in sorted(inputs_of(graph, node_id).items()):
        link = link_of(value)
        # A link inside a cycle has no signature; such a node never runs, so any text will do.
        known = [signatures.get(link.node_id, "?"), link.slot] if link else None
        signed.append([name, known] if known else [name, {"value": value}])
    return hashlib.blake2b(json.dumps(signed).encode(), digest_size=16).hexdigest()

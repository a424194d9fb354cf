"""Scores: which of several nodes without an obstacle suits a kind of job best.

A score is a pure function of a kind and a node; the higher one is better. An earlier score in
`SCORES` decides before all later ones.
"""

from collections.abc import Callable
from typing import TypeAlias

from scheduler.domain.nodes import Node
from scheduler.domain.patience import doubt
from scheduler.domain.startable import Kind

Score: TypeAlias = Callable[[Kind, Node], float]


def is_trusted(kind: Kind, node: Node) -> int:
    """Prefer nodes where the job did not fail, and which have memory enough."""
    return -doubt(kind, node)


def did_not_refuse(kind: Kind, node: Node) -> bool:
    """Prefer nodes on which no job of the version found that a file or class is missing."""
    return kind.version_hash not in node.refused_versions


def has_nothing_else(_: Kind, node: Node) -> bool:
    return not node.contact.foreign_prompts


def is_warm(kind: Kind, node: Node) -> bool:
    """Prefer nodes that were last given a job with the same models: they are loaded."""
    return bool(kind.models) and node.warm_models == kind.models


def priority(_: Kind, node: Node) -> int:
    return node.settings.priority


def rest(_: Kind, node: Node) -> float:
    """Prefer the node that was given nothing for the longest time."""
    return -node.given_at


SCORES: tuple[Score, ...] = (
    is_trusted,
    did_not_refuse,
    has_nothing_else,
    is_warm,
    priority,
    rest,
)


def best(kind: Kind, nodes: list[Node]) -> Node | None:
    """Return the first of the best nodes; None if there is no node."""
    if not nodes:
        return None
    for score in SCORES:
        if len(nodes) == 1:
            break
        found = [score(kind, node) for node in nodes]
        highest = max(found)
        nodes = [node for node, value in zip(nodes, found, strict=True) if value == highest]
    return nodes[0]

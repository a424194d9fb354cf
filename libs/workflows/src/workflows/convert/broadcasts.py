"""Adds the links that "Anything Everywhere" makes when the work is sent.

Its rules (types, regular expressions, groups, colors, priorities) run in the editor. The pack saves
the links that follow from them in `extra.ue_links` of each graph; these are taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workflows.convert.editor_nodes import EDITOR_NODES, Role
from workflows.convert.refusal import refusal
from workflows.convert.saved_file import (
    SavedGraph,
    SavedInput,
    SavedLink,
    SavedNode,
    as_id,
    read,
)
from workflows.json_values import as_array, as_object

Nodes = dict[str, SavedNode]
Links = dict[str, SavedLink]
ACTIVE = 0
ALSO_RUNS = frozenset({"Seed Everywhere"})
"""Classes of the pack that send their output, and run."""


def with_broadcasts(raw: Mapping[str, Any], graph: SavedGraph, path: str) -> SavedGraph:
    """Return the graph with the saved links; raise Invalid if they cannot be known."""
    senders = {node.id: node for node in graph.nodes.values() if sends(node, graph.links)}
    if not senders:
        return graph
    extra = as_object(raw.get("extra"))
    if "ue_links" not in extra:
        first = next(iter(senders.values()))
        message = (
            f"{first.type[:100]} sends its inputs to other graph nodes by rules that only the "
            'editor knows; turn them into links ("Convert UEs to real links") and save again'
        )
        raise refusal(f"{path}nodes.{first.id}", "editor_only", message)
    nodes, links = dict(graph.nodes), dict(graph.links)
    for place, entry in enumerate(map(as_object, as_array(extra["ue_links"]))):
        if as_id(entry.get("controller")) in senders:
            add(entry, f"everywhere{place}", nodes, links, path)
    return replace(graph, nodes=nodes, links=links)


def sends(node: SavedNode, links: Mapping[str, SavedLink]) -> bool:
    """Tell whether this graph node sends something to inputs that it is not linked to."""
    if node.mode != ACTIVE:
        return False
    if node.type in ALSO_RUNS or as_object(node.properties).get("ue_convert"):
        return True
    known = EDITOR_NODES.get(node.type)
    is_sender = known is not None and known.role is Role.BROADCAST
    return is_sender and any(slot.link in links for slot in node.inputs)


def add(entry: Mapping[str, Any], id_: str, nodes: Nodes, links: Links, path: str) -> None:
    """Add one link to the input that the entry names, unless an active graph node feeds it."""
    target = as_id(entry.get("downstream"))
    node = nodes.get(target) if isinstance(target, str) else None
    slot = entry.get("downstream_slot")
    place = slot_of(node.inputs, slot, entry.get("type")) if node is not None else None
    if node is None or place is None:
        where = f"{path}nodes.{node.id}" if node is not None else f"{path}extra.ue_links"
        message = (
            f"a link of Anything Everywhere ends in input {slot!r} of graph node {target!r}, "
            "which does not exist; open the file in the editor and save it again"
        )
        raise refusal(where, "dangling_link", message)
    before = links.get(node.inputs[place].link or "")
    origin = nodes.get(before.origin_id) if before else None
    if before is not None and (origin is None or origin.mode == ACTIVE):
        return
    link = {
        "id": id_,
        "origin_id": entry.get("upstream"),
        "origin_slot": entry.get("upstream_slot"),
        "target_id": node.id,
    }
    links[id_] = read(SavedLink, link, f"{path}extra.ue_links")
    inputs = list(node.inputs)
    inputs[place] = inputs[place].model_copy(update={"link": id_})
    nodes[node.id] = node.model_copy(update={"inputs": tuple(inputs)})


def slot_of(inputs: Iterable[SavedInput], slot: object, kind: object) -> int | None:
    """Return the place of the input: the saved number may be that of a longer list."""
    listed = list(inputs)
    at = slot if isinstance(slot, int) and 0 <= slot < len(listed) else None
    if at is not None and listed[at].type in (kind, "*", "COMBO"):
        return at
    alike = [place for place, entry in enumerate(listed) if entry.type == kind and not entry.link]
    return alike[0] if len(alike) == 1 else None

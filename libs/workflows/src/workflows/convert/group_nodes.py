"""Converts each group node, the older kind of subgraph, to a subgraph definition of its own.

The file holds the inner graph nodes once, with links by index. The group node holds the values of
all inner widgets in one list, so each group node needs a definition of its own.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from workflows.convert.preparation import Prepared
from workflows.convert.refusal import refusal
from workflows.convert.saved_file import (
    BoundaryInput,
    BoundaryOutput,
    SavedGraph,
    SavedInput,
    SavedLink,
    SavedNode,
    as_id,
    read,
    several,
)
from workflows.convert.widget_types import Absent
from workflows.convert.widgets import default, slots
from workflows.json_values import as_array, as_object

GROUP_PREFIXES = ("workflow>", "workflow/")
MOST_INNER = 20_000
"""Limit of graph nodes, sockets and links in all group nodes of a file, each read separately."""
MUTED = 2
Prepare = Callable[[SavedNode], Prepared]


def as_definition(group: SavedNode, raw: Mapping[str, Any], prepare: Prepare) -> SavedGraph:
    """Return the graph inside this group node, with the values dealt to inner graph nodes."""
    path = f"nodes.{group.id}"
    nodes = read_inner(group, raw, path)
    links = read_links(raw, nodes, path)
    values = deque(group.values)
    nodes = [deal(node, values, prepare) for node in attach(nodes, links, path)]
    prepared = [prepare(node) for node in nodes]
    inputs, entering = boundary_inputs(group, prepared)
    outputs, leaving = boundary_outputs(prepared, links, as_array(raw.get("external")))
    nodes = attach((node.saved for node in prepared), entering, path)
    every = (*links, *entering, *leaving)
    return SavedGraph(
        {node.id: node for node in nodes}, {link.id: link for link in every}, inputs, outputs
    )


def weight(raw: Mapping[str, Any]) -> int:
    """Return the cost of one such group node, in graph nodes, sockets and links."""
    nodes = [as_object(entry) for entry in as_array(raw.get("nodes"))]
    sockets = sum(len(as_array(node.get("inputs"))) for node in nodes)
    return 1 + len(nodes) + sockets + len(as_array(raw.get("links")))


def read_inner(group: SavedNode, raw: Mapping[str, Any], path: str) -> list[SavedNode]:
    """Return the inner graph nodes with their index as id, muted if the group node is."""
    nodes: list[SavedNode] = []
    for index, entry in enumerate(several(raw, "nodes", f"{path}:", MOST_INNER)):
        node = read(SavedNode, {**as_object(entry), "id": index}, f"{path}:{index}")
        inputs = tuple(slot.model_copy(update={"link": None}) for slot in node.inputs)
        mode = MUTED if group.mode in (2, 4) else node.mode
        nodes.append(node.model_copy(update={"inputs": inputs, "mode": mode}))
    return nodes


class InnerLink(SavedLink):
    """A link of a group, by index of graph node and slot; a text names a socket."""

    target_slot: int | str


def read_links(raw: Mapping[str, Any], nodes: list[SavedNode], path: str) -> list[InnerLink]:
    links: list[InnerLink] = []
    for index, entry in enumerate(several(raw, "links", f"{path}:", MOST_INNER)):
        match entry:
            case [int(origin), int(slot), int(target), int(place), *_] if all(
                0 <= at < len(nodes) for at in (origin, target)
            ):
                link = InnerLink(
                    id=f"link{index}", origin_id=f"{origin}", origin_slot=slot,
                    target_id=f"{target}", target_slot=place,
                )  # fmt: skip
                links.append(link)
            case _:
                raise refusal(path, "invalid", f"link {index} of the group is malformed")
    return links


def attach(nodes: Iterable[SavedNode], links: list[InnerLink], path: str) -> list[SavedNode]:
    """Return the inner graph nodes with the links at their sockets."""
    by_target: dict[str, list[InnerLink]] = {}
    for link in links:
        by_target.setdefault(link.target_id, []).append(link)
    return [
        node.model_copy(update={"inputs": linked(node, by_target.get(node.id, []), path)})
        for node in nodes
    ]


def linked(node: SavedNode, links: list[InnerLink], path: str) -> tuple[SavedInput, ...]:
    inputs = list(node.inputs)
    for link in links:
        if isinstance(link.target_slot, str):
            inputs = [slot for slot in inputs if slot.name != link.target_slot]
            inputs.append(SavedInput(name=link.target_slot, link=link.id))
        elif 0 <= link.target_slot < len(inputs):
            changed = inputs[link.target_slot].model_copy(update={"link": link.id})
            inputs[link.target_slot] = changed
        else:
            message = f"a link of the group ends in input {link.target_slot}, which does not exist"
            raise refusal(f"{path}:{node.id}", "dangling_link", message)
    return tuple(inputs)


def deal(node: SavedNode, values: deque[Any], prepare: Prepare) -> SavedNode:
    """Return the inner graph node with its part of the group node's values."""
    prepared = prepare(node)
    own = deque(node.values)
    if prepared.is_primitive:
        dealt = [values.popleft() if values else value for value in own]
        return node.model_copy(update={"widgets_values": dealt})
    linked = {socket.name for socket in prepared.sockets if socket.link is not None}
    dealt = list[Any]()
    for name, widget in prepared.widgets.items():
        count = slots(widget)
        held = [own.popleft() for _ in range(min(count, len(own)))]
        if name not in linked and values:
            held = [values.popleft() for _ in range(min(count, len(values)))]
        first = default(widget)
        filler = [None if isinstance(first, Absent) else first] + [None] * count
        dealt += (held + filler[len(held) :])[:count]
    return node.model_copy(update={"widgets_values": dealt})


def boundary_inputs(
    group: SavedNode, nodes: list[Prepared]
) -> tuple[tuple[BoundaryInput, ...], list[InnerLink]]:
    """Return the inner sockets without an inner link, under the editor's names for them."""
    used = {entry.name for entry in group.inputs if entry.link is not None}
    inputs: list[BoundaryInput] = []
    links: list[InnerLink] = []
    seen: dict[str, int] = {}
    for node, socket, kind, is_widget in open_sockets(nodes):
        name = unique_name(node, socket, seen)
        if is_widget and name not in used:
            continue
        link = InnerLink(
            id=f"in{len(links)}", origin_id="-10", origin_slot=len(inputs),
            target_id=node.saved.id, target_slot=socket,
        )  # fmt: skip
        links.append(link)
        inputs.append(BoundaryInput(name=name, type=kind, linkIds=(link.id,)))
    return tuple(inputs), links


def open_sockets(nodes: list[Prepared]) -> Iterator[tuple[Prepared, str, str, bool]]:
    """Yield free sockets, widgets of a graph node first: the editor assigns names in this order."""
    for node in nodes:
        free = [socket for socket in node.sockets if socket.link is None]
        for socket in sorted(free, key=lambda socket: socket.name not in node.widgets):
            yield node, socket.name, socket.type, socket.name in node.widgets


def unique_name(node: Prepared, name: str, seen: dict[str, int]) -> str:
    title = node.saved.title
    prefix = f"{title if isinstance(title, str) and title else node.saved.type} "
    key = name if name not in seen else prefix + name
    found = key if key not in seen else f"{prefix}{seen[key]} {name}"
    seen[key] = seen.get(key, 0) + 1
    return found


def is_pair(entry: list[Any]) -> bool:
    return [isinstance(value, int) for value in entry[:2]] == [True, True]


def boundary_outputs(
    nodes: list[Prepared], links: list[InnerLink], external: list[Any]
) -> tuple[tuple[BoundaryOutput, ...], list[InnerLink]]:
    """Return the inner outputs without an inner link, and those that the file exposes anyway."""
    inner = {(link.origin_id, link.origin_slot) for link in links}
    shown = {(as_id(entry[0]), entry[1]) for entry in map(as_array, external) if is_pair(entry)}
    outputs: list[BoundaryOutput] = []
    leaving: list[InnerLink] = []
    for node in nodes:
        for slot, kind in enumerate(node.outputs):
            at = (node.saved.id, slot)
            if at in inner and at not in shown:
                continue
            link = InnerLink(
                id=f"out{len(leaving)}", origin_id=node.saved.id, origin_slot=slot,
                target_id="-20", target_slot=len(outputs),
            )  # fmt: skip
            leaving.append(link)
            outputs.append(BoundaryOutput(type=kind, linkIds=(link.id,)))
    return tuple(outputs), leaving

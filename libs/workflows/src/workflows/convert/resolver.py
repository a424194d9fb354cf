"""Resolves where a link begins, through reroutes, bypassed graph nodes and subgraph boundaries.

It walks in small steps, *into* a socket and *out of* an output, until it finds a graph node that
runs, a value, or nothing. A loop, not recursion, so that no file is too deep.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from workflows.convert.editor_nodes import Role
from workflows.convert.preparation import GraphNodeKind, Prepared
from workflows.convert.proxies import Source
from workflows.convert.refusal import refusal
from workflows.convert.saved_file import SavedLink
from workflows.convert.scopes import ENTRANCE, Scope, promoted_value

MOST_STEPS = 200_000
"""Limit for one file: a chain of reroutes before every input would take quadratic time."""
MOST_STEPS_EACH = 20_000


@dataclass(frozen=True)
class Linked:
    """An output of a graph node, by its id in the API format."""

    node: str
    slot: int


@dataclass(frozen=True)
class Held:
    """A value that a promoted widget holds."""

    value: Any


@dataclass(frozen=True)
class Into:
    scope: Scope
    node: Prepared
    socket: int
    type: str | None = None
    """The type that the final consumer wants, if that still decides."""


@dataclass(frozen=True)
class OutOf:
    scope: Scope
    node: Prepared
    slot: int
    type: str


Result: TypeAlias = Linked | Held | None
Step: TypeAlias = Into | OutOf | Result


class Resolver:
    """Follows links within a budget for the whole file."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def resolve(self, scope: Scope, node: Prepared, socket: int) -> Result:
        """Return what feeds this socket; raise Invalid if that cannot be decided."""
        path = f"nodes.{scope.path_of(node)}.inputs.{node.sockets[socket].name}"
        step: Step = Into(scope, node, socket)
        for _ in range(MOST_STEPS_EACH):
            if not isinstance(step, Into | OutOf):
                return step
            self.left -= 1
            if self.left < 0:
                message = f"expected at most {MOST_STEPS} steps to follow all links of the file"
                raise refusal(path, "too_many", message)
            step = into(step, path) if isinstance(step, Into) else out_of(step, path)
        raise refusal(path, "cycle", "the link never reaches a graph node that runs")


def into(at: Into, path: str) -> Step:
    """Step back along the link that ends in this socket."""
    if not 0 <= at.socket < len(at.node.sockets):
        return None
    socket = at.node.sockets[at.socket]
    source = Source(at.node.saved.id, socket.name)
    if source in at.scope.shown and at.node.kind is GraphNodeKind.CLASS:
        return Held(at.scope.shown[source])
    if socket.link is None:
        return None
    link = at.scope.graph.saved.links.get(socket.link)
    if link is None:
        raise refusal(path, "dangling_link", f"link {socket.link} is not in the file")
    if link.origin_id == ENTRANCE and at.scope.parent is not None:
        return outside(at.scope, link)
    return origin(at.scope, link, at.type or socket.type, path)


def outside(scope: Scope, link: SavedLink) -> Step:
    """Step from a subgraph's own input to the instance's socket of that name."""
    entry = scope.entry(link.origin_slot)
    if scope.parent is None or scope.instance is None or entry is None:
        return None
    if scope.instance.sockets[link.origin_slot].link is not None:
        return Into(scope.parent, scope.instance, link.origin_slot)
    value = promoted_value(scope, link.origin_slot)
    return None if value is None else Held(value[0])


def origin(scope: Scope, link: SavedLink, wanted: str, path: str) -> Step:
    node = scope.graph.nodes.get(link.origin_id)
    if node is None:
        message = f"it links to graph node {scope.path}{link.origin_id}, which does not exist"
        raise refusal(path, "dangling_link", message)
    return OutOf(scope, node, link.origin_slot, wanted)


def out_of(at: OutOf, path: str) -> Step:
    """Step back through a graph node that does not run itself, or end at one that does."""
    if at.node.is_muted:
        return None
    if at.node.is_bypassed:
        index = bypass_index(at.node, at.slot, at.type)
        return None if index is None else Into(at.scope, at.node, index)
    if at.node.kind is GraphNodeKind.INSTANCE:
        return inside(at, path)
    if at.node.kind is GraphNodeKind.VIRTUAL:
        known = at.node.editor_node
        if known is not None and known.role is Role.GETTER:
            return setter(at, known.family, path)
        return Into(at.scope, at.node, at.slot, at.type)
    return Linked(at.scope.path_of(at.node), at.slot)


def setter(at: OutOf, family: str, path: str) -> Step:
    """Step from a getter to the setter of its name, in its own graph or an outer one."""
    name = at.node.given_name
    scope: Scope | None = at.scope
    while scope is not None and name is not None:
        found = scope.graph.setters.get((family, name))
        if found is not None:
            return Into(scope, found, 0, at.type)
        scope = scope.parent
    message = f"graph node {at.scope.path_of(at.node)} asks for {name!r}, which no Set node has"
    raise refusal(path, "dangling_link", message)


def inside(at: OutOf, path: str) -> Step:
    """Step from an instance's output to the output inside the definition that feeds it."""
    scope = at.scope.inside[at.node.saved.id]
    outputs = scope.graph.saved.outputs
    ids = outputs[at.slot].links if 0 <= at.slot < len(outputs) else ()
    known = scope.graph.saved.links
    link = next((known[id_] for id_ in ids if id_ in known), None)
    if link is None:
        return None
    if link.origin_id == ENTRANCE:
        message = (
            f"subgraph {at.scope.path_of(at.node)} wires an input straight to an output, "
            "which ComfyUI's editor cannot resolve either"
        )
        raise refusal(path, "pass_through", message)
    return origin(scope, link, at.type, path)


def bypass_index(node: Prepared, slot: int, wanted: str) -> int | None:
    """Return the socket that a bypassed graph node passes on, in the editor's preference."""
    types = [socket.type for socket in node.sockets]
    if wanted in ("*", ""):
        return slot if 0 <= slot < len(types) else 0
    offered = node.outputs[slot] if 0 <= slot < len(node.outputs) else "*"

    def can_pass(type_: str) -> bool:
        return are_compatible(type_, offered) and are_compatible(type_, wanted)

    if 0 <= slot < len(types) and can_pass(types[slot]):
        return slot
    if wanted in types:
        return types.index(wanted)
    return next((index for index, type_ in enumerate(types) if can_pass(type_)), None)


def are_compatible(one: str, other: str) -> bool:
    """Tell whether the types are equal except for case, any type, or lists that share one."""
    if {one, other} & {"*", ""}:
        return True
    return bool(set(one.lower().split(",")) & set(other.lower().split(",")))

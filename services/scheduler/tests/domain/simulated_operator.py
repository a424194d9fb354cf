"""An operator for simulations: changes nodes and pauses the dispatch while jobs run.

When the faults are over, all nodes and the dispatch are resumed, and nodes enabled.
"""

from uuid import UUID

from contracts.access import Actor
from contracts.message import Command
from contracts.scheduler.dispatch import DispatchView, PauseDispatch, ResumeDispatch
from contracts.scheduler.node_requests import ChangeNode, DrainNode, ResumeNode
from contracts.scheduler.nodes import NodeChanges, NodeView
from scheduler.domain.nodes import Node

from .simulated_engine import PLAIN, SimulatedEngine
from .simulated_world import SimulatedWorld

OPERATOR = Actor(user_id=UUID(int=1))
CHANGE, REMEDY = 0.01, 0.2
"""Chances at each step that a node is changed, and that a node out of service comes back."""
PAUSE = 0.002


def operate(world: SimulatedWorld) -> None:
    """Send commands; one that is lost is sent again as long as it is needed."""
    nodes = list(world.ledger.nodes.values())
    for node in nodes:
        if not world.is_faulty or world.chance(REMEDY):
            bring_back(world, node)
    if world.ledger.dispatch.is_paused:
        if not world.is_faulty or world.chance(REMEDY):
            send(world, ResumeDispatch(actor=OPERATOR))
    elif world.is_faulty and world.chance(PAUSE):
        send(world, PauseDispatch(actor=OPERATOR))
    if nodes and world.chance(CHANGE):
        node = world.random.choice(nodes)
        if world.chance(0.3):
            send(world, DrainNode(actor=OPERATOR, node_id=node.id))
        else:
            change(world, node, a_change(world, node))


def bring_back(world: SimulatedWorld, node: Node) -> None:
    if node.settings.is_draining:
        send(world, ResumeNode(actor=OPERATOR, node_id=node.id))
    if not node.settings.is_enabled:
        change(world, node, NodeChanges(is_enabled=True))


def a_change(world: SimulatedWorld, node: Node) -> NodeChanges:
    """Disable it, or give it headers, or its own server or another under a new address."""
    kind = world.random.choice(["disable", "headers", "move", "exchange"])
    if kind in ("move", "exchange") and node.is_managed:
        return NodeChanges(name=str(world.asked))
    if kind == "disable":
        return NodeChanges(is_enabled=False)
    if kind == "headers":
        return NodeChanges(headers={"X-Key": str(world.asked)})
    address = f"http://127.0.0.1/{node.id}/{len(world.servers)}"
    is_same = kind == "move"
    world.servers[address] = (
        world.engines[node.id] if is_same else SimulatedEngine(world.random, PLAIN)
    )
    return NodeChanges(base_url=address)


def change(world: SimulatedWorld, node: Node, changes: NodeChanges) -> None:
    send(world, ChangeNode(actor=OPERATOR, node_id=node.id, changes=changes))


def send(world: SimulatedWorld, command: Command[NodeView] | Command[DispatchView]) -> None:
    def answered(answer: object) -> None:
        assert isinstance(answer, NodeView | DispatchView), answer
        world.changes += 1

    world.ask(command, answered)


def attempts_of_held_nodes(world: SimulatedWorld) -> dict[UUID, set[UUID]]:
    """Return the attempts of each node that gets no other."""
    return {
        node.id: set(node.attempts)
        for node in world.state.nodes.values()
        if world.state.dispatch.is_paused
        or node.settings.is_draining
        or not node.settings.is_enabled
        or node.contact.is_paused
    }


def check_held(world: SimulatedWorld, before: dict[UUID, set[UUID]]) -> None:
    for node_id, attempts in attempts_of_held_nodes(world).items():
        assert attempts <= before.get(node_id, attempts), "it got a job all the same"

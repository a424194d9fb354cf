"""An operator's commands about nodes, for tests of the core."""

from typing import Any

from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.node_requests import ChangeNode, DrainNode, ResumeNode
from contracts.scheduler.nodes import NodeChanges, NodeView
from contracts.values import new_id
from scheduler.domain.effects import ClaimGranted
from scheduler.domain.nodes import Node

from .core import OWNER, Core


def ask_view(core: Core, command: ChangeNode | DrainNode | ResumeNode) -> NodeView:
    view = core.ask(command)
    assert isinstance(view, NodeView), view
    return view


def change(core: Core, node: Node, **changes: Any) -> NodeView:
    wanted = NodeChanges.model_validate(changes)
    return ask_view(core, ChangeNode(actor=OWNER, node_id=node.id, changes=wanted))


def drain(core: Core, node: Node) -> NodeView:
    return ask_view(core, DrainNode(actor=OWNER, node_id=node.id))


def resume(core: Core, node: Node) -> NodeView:
    return ask_view(core, ResumeNode(actor=OWNER, node_id=node.id))


def claim(core: Core, node: Node) -> ClaimGranted:
    granted = core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))
    assert isinstance(granted, ClaimGranted), granted
    return granted


def events(core: Core) -> list[str]:
    return [type(fact).__name__ for fact in core.effects.events]

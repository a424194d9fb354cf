"""Decides how a node changes while it works: its settings, draining and resuming.

Nothing that runs is interrupted. Where an agent must talk to the server in another way, or another
agent must, the claim is freed: the agent that takes it finds the running attempts in the engine.
"""

from collections.abc import Sequence
from uuid import UUID

from contracts.errors import ConflictError, NotFoundError
from contracts.scheduler.node_events import (
    NodeChanged,
    NodeDisabled,
    NodeDrained,
    NodeDraining,
    NodeEnabled,
    NodeResumed,
)
from contracts.scheduler.node_requests import ChangeNode, DrainNode, ResumeNode
from contracts.scheduler.nodes import NewNode, NodeView
from scheduler.domain.claims import free_claim
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.fleet import refuse_duplicate
from scheduler.domain.health import require_first_trial
from scheduler.domain.lifecycle import note_if_drained
from scheduler.domain.node_address import address_of, checked
from scheduler.domain.node_entries import put_node_entry
from scheduler.domain.nodes import Health, Node, NodeCapabilities
from scheduler.domain.views import node_view

CLAIMED_ANEW = ("base_url", "headers", "engine_settings", "pool")
"""Settings under which an agent claims a node."""
DECIDED_BY_AGENT = {"base_url": "COMFYFLEET_COMFYUI_PORT", "pool": "COMFYFLEET_POOL"}
"""Settings of a managed node that its agent announces, with the agent's variable for each."""


def change_node(context: StepContext, command: ChangeNode) -> NodeView:
    """Take the new settings; a setting that has the value already changes nothing."""
    node = writable_node(context, command.node_id)
    before = node.settings
    given = {name: value for name, value in command.changes if value is not None}
    after = checked(before.model_copy(update=given))
    changed = [name for name in given if getattr(after, name) != getattr(before, name)]
    if node.is_managed:
        refuse_agents(changed)
    if is_other_address(before, after):
        refuse_duplicate(context, after, node.id)
    node.settings = after
    if is_other_address(before, after):
        forget_server(context, node)
    if others := [name for name in changed if name != "is_enabled"]:
        add_node_event(context, node, NodeChanged, changed=others)
    if is_other_address(before, after):
        require_first_trial(context, node)
    if "is_enabled" in changed:
        switch(context, node)
    if any(name in changed for name in CLAIMED_ANEW):
        free_claim(context, node)
    return node_view(context, node)


def writable_node(context: StepContext, node_id: UUID) -> Node:
    node = context.state.nodes.get(node_id)
    if node is None:
        raise NotFoundError("there is no such node")
    if not node.is_readable:
        text = "the node's row in the database cannot be read: repair it, or remove the node"
        raise ConflictError(text, code="node_unreadable")
    return node


def refuse_agents(changed: Sequence[str]) -> None:
    """Raise Conflict if changes of a managed node are its agent's to make."""
    if theirs := [name for name in DECIDED_BY_AGENT if name in changed]:
        text = f"its agent runs this server and decides {' and '.join(theirs)}: change the agent's"
        variables = " and ".join(DECIDED_BY_AGENT[name] for name in theirs)
        raise ConflictError(f"{text} {variables}, and start it again", code="node_managed")


def is_other_address(before: NewNode, after: NewNode) -> bool:
    return address_of(before.base_url) != address_of(after.base_url)


def forget_server(context: StepContext, node: Node) -> None:
    """Forget what was learned of the server: there may be another at the new address.

    An attempt that is not there is lost, and no proof that it killed its server.
    """
    node.health, node.capabilities, node.incomplete_report = Health(), NodeCapabilities(), None
    for double in context.state.nodes.values():
        if double.health.double_of == node.id:
            double.health.double_of = None
            put_node_entry(context, double)
    node.refused_versions.clear()
    node.refusals, node.rests_until, node.warm_models = 0, 0.0, frozenset()
    for attempt in node.attempts.values():
        attempt.phase, attempt.is_pending, attempt.is_moving = None, False, False
    context.state.eligibility.forget()
    context.effects.capabilities[node.id] = node


def switch(context: StepContext, node: Node) -> None:
    """Enable the node, or disable it: it is let go at once if it has nothing to finish."""
    context.state.eligibility.forget()
    if node.settings.is_enabled:
        add_node_event(context, node, NodeEnabled)
        return
    add_node_event(context, node, NodeDisabled)
    note_if_drained(context, node)


def drain_node(context: StepContext, command: DrainNode) -> NodeView:
    """Give the node no new job, and let it finish those it has."""
    node = writable_node(context, command.node_id)
    if not node.settings.is_draining:
        set_draining(node, is_draining=True)
        add_node_event(context, node, NodeDraining)
        if not node.attempts:
            add_node_event(context, node, NodeDrained)
    return node_view(context, node)


def resume_node(context: StepContext, command: ResumeNode) -> NodeView:
    node = writable_node(context, command.node_id)
    if node.settings.is_draining:
        set_draining(node, is_draining=False)
        add_node_event(context, node, NodeResumed)
    return node_view(context, node)


def set_draining(node: Node, *, is_draining: bool) -> None:
    node.settings = node.settings.model_copy(update={"is_draining": is_draining})

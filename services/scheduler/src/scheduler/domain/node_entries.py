"""Makes the entries of bucket `nodes`, which agents watch."""

from contracts.scheduler.nodes import NodeEntry
from scheduler.domain.context import StepContext
from scheduler.domain.nodes import Node


def node_entry(node: Node) -> NodeEntry:
    """Return the node's entry in bucket `nodes`, which agents watch."""
    return NodeEntry(
        node_id=node.id,
        agent_id=node.agent_id,
        claim=node.claim,
        is_claimable=node.is_claimable,
        trial=node.health.trial,
        **node.settings.model_dump(),
    )


def put_node_entry(context: StepContext, node: Node) -> None:
    """Save a node and put its entry into bucket `nodes`."""
    context.effects.nodes[node.id] = node
    context.effects.node_entries[node.id] = node_entry(node)

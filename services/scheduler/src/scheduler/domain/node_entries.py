"""Makes the entries of bucket `nodes`, which all agents watch, and the answer to a claim.

Headers may hold the credentials of a proxy, so only the agent with the claim gets them. The entry
has their digest; it is keyed, because a weak password could be guessed from a plain one.
"""

import hmac
import json
from hashlib import sha256

from contracts.scheduler.nodes import ClaimedNode, NodeEntry
from scheduler.domain.context import StepContext
from scheduler.domain.nodes import Node


def node_entry(node: Node, secret: str) -> NodeEntry:
    """Return the node's entry in bucket `nodes`; `secret` is the key of digests.

    A disabled node counts as enabled for agents while it has attempts: if its agent dies, another
    one finishes them.
    """
    return NodeEntry(
        node_id=node.id,
        agent_id=node.agent_id,
        claim=node.claim,
        is_claimable=node.is_claimable,
        trial=node.health.trial,
        headers_digest=digest(node.settings.headers, secret),
        is_enabled=node.settings.is_enabled or bool(node.attempts),
        **node.settings.model_dump(exclude={"headers", "is_enabled"}),
    )


def claimed_node(node: Node, secret: str) -> ClaimedNode:
    entry = node_entry(node, secret)
    return ClaimedNode(**entry.model_dump(), headers=node.settings.headers)


def digest(headers: dict[str, str], secret: str) -> str:
    """Return a text that changes with the headers; "" if there are none."""
    if not headers:
        return ""
    text = f"headers {json.dumps(headers, sort_keys=True)}"
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


def put_node_entry(context: StepContext, node: Node) -> None:
    """Save a node and put its entry into bucket `nodes`."""
    context.effects.nodes[node.id] = node
    context.effects.node_entries[node.id] = node_entry(node, context.state.secret)

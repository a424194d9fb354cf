"""Nodes as rows, and rows as nodes."""

from operator import attrgetter

import asyncpg
from pydantic import TypeAdapter
from pydantic_core import from_json

from contracts.scheduler.nodes import NewNode
from scheduler.adapters.statements import Column, upsert
from scheduler.domain.node_address import address_of
from scheduler.domain.nodes import ClaimStatus, Health, Node, NodeCapabilities

HEALTH = TypeAdapter(Health)
CAPABILITIES = TypeAdapter(NodeCapabilities)

SELECT_NODES = """SELECT nodes.*, node_capabilities.body AS capabilities FROM nodes
    LEFT JOIN node_capabilities ON node_id = id WHERE id = ANY($1) ORDER BY created_at, id"""

NODE_IDS = "SELECT id FROM nodes ORDER BY created_at, id"

DELETE_NODES = "DELETE FROM nodes WHERE id = ANY($1)"

NODES: tuple[Column[Node], ...] = (
    Column("id", "uuid", is_fixed=True),
    Column("spec", "json", lambda node: node.settings.model_dump_json()),
    Column("created_at", "timestamptz", is_fixed=True),
    Column("version", "int"),
    Column("claim_status", "text"),
    Column("agent_id", "uuid"),
    Column("claim", "int"),
    Column("health", "json", lambda node: HEALTH.dump_json(node.health).decode()),
)

NODE_CAPABILITIES: tuple[Column[Node], ...] = (
    Column("node_id", "uuid", attrgetter("id"), is_fixed=True),
    Column("body", "json", lambda node: CAPABILITIES.dump_json(node.capabilities).decode()),
)

UPSERT_NODES = upsert("nodes", NODES)
UPSERT_CAPABILITIES = upsert("node_capabilities", NODE_CAPABILITIES, key="node_id")


def read_node(row: asyncpg.Record) -> Node:
    return Node(
        id=row["id"],
        settings=NewNode.model_validate_json(row["spec"]),
        created_at=row["created_at"],
        version=row["version"],
        claim_status=ClaimStatus(row["claim_status"]),
        agent_id=row["agent_id"],
        claim=row["claim"],
        health=HEALTH.validate_json(row["health"]),
        capabilities=CAPABILITIES.validate_json(row["capabilities"] or "{}"),
    )


def unreadable_node(row: asyncpg.Record) -> Node:
    """Return a lost node with what every release can read of its row."""
    return Node(
        id=row["id"],
        settings=name_and_address(row),
        created_at=row["created_at"],
        version=row["version"],
        claim_status=ClaimStatus.LOST,
        agent_id=row["agent_id"],
        claim=row["claim"],
        is_readable=False,
    )


def name_and_address(row: asyncpg.Record) -> NewNode:
    """Return all that operators need to know the server; its id if even that cannot be read."""
    try:
        spec = from_json(row["spec"])
        found = NewNode(name=spec["name"], base_url=spec["base_url"])
        address_of(found.base_url)
    except (ValueError, KeyError, TypeError):
        return NewNode(name=str(row["id"]), base_url="")
    return found

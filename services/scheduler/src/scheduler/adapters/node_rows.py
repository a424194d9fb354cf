"""Nodes as rows, and rows as nodes.

The names of classes and models, megabytes of a server, are one row for all servers that have the
same. Its key is a digest of the names: the server's own digest may come with fewer of them, from an
agent of an older release.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from operator import attrgetter
from typing import TypeAlias

import asyncpg
from pydantic import TypeAdapter
from pydantic_core import from_json

from contracts.scheduler.nodes import NewNode
from scheduler.adapters.statements import Call, Column, upsert
from scheduler.domain.node_address import address_of
from scheduler.domain.nodes import ClaimStatus, Health, Node, NodeCapabilities

HEALTH = TypeAdapter(Health)
CAPABILITIES = TypeAdapter(NodeCapabilities)
NAMES = {"classes", "models"}
Names: TypeAlias = Mapping[str, NodeCapabilities]
"""Stored classes and models by their key."""

SELECT_NODES = """SELECT nodes.*, node_capabilities.body AS capabilities, names_key FROM nodes
    LEFT JOIN node_capabilities ON node_id = id WHERE id = ANY($1) ORDER BY created_at, id"""

SELECT_NAMES = "SELECT key AS id, body FROM capability_names WHERE key = $1"

INSERT_NAMES = """INSERT INTO capability_names (key, body)
    SELECT key, body::json FROM unnest($1::text[], $2::text[]) AS n(key, body)
    ON CONFLICT (key) DO NOTHING"""

DELETE_UNUSED_NAMES = """DELETE FROM capability_names
    WHERE NOT EXISTS (SELECT FROM node_capabilities WHERE names_key = key)"""

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
    Column("is_managed", "boolean"),
)

NODE_CAPABILITIES: tuple[Column[Node], ...] = (
    Column("node_id", "uuid", attrgetter("id"), is_fixed=True),
    Column("body", "json", lambda node: own_body(node.capabilities)),
    Column("names_key", "text", lambda node: names_row(node.capabilities)[0]),
)

UPSERT_NODES = upsert("nodes", NODES)
UPSERT_CAPABILITIES = upsert("node_capabilities", NODE_CAPABILITIES, key="node_id")


def own_body(capabilities: NodeCapabilities) -> str:
    return CAPABILITIES.dump_json(capabilities, exclude=NAMES).decode()


def names_row(capabilities: NodeCapabilities) -> tuple[str, str]:
    """Return the key of the names, and the names themselves as JSON."""
    files = sorted((model.folder, model.name) for model in capabilities.models)
    models = [{"folder": folder, "name": name} for folder, name in files]
    body = json.dumps({"classes": sorted(capabilities.classes), "models": models})
    return hashlib.blake2b(body.encode(), digest_size=16).hexdigest(), body


def write_capabilities(nodes: Collection[Node]) -> Iterator[Call]:
    """Yield the statements that write the capabilities of nodes, and delete names that none has.

    The leader is the only writer, so nobody takes up such names meanwhile.
    """
    rows = dict(names_row(node.capabilities) for node in nodes)
    if rows:
        yield INSERT_NAMES, (list(rows), list(rows.values()))
        yield from UPSERT_CAPABILITIES.of(nodes)
        yield DELETE_UNUSED_NAMES, ()


def read_names(row: asyncpg.Record) -> NodeCapabilities:
    return CAPABILITIES.validate_json(row["body"])


def read_capabilities(row: asyncpg.Record, names: Names) -> NodeCapabilities:
    """Return the capabilities in the row; a row of the release before holds its names itself."""
    found = CAPABILITIES.validate_json(row["capabilities"] or "{}")
    if row["names_key"] and not (found.classes or found.models):
        stored = names[row["names_key"]]
        found.classes, found.models = stored.classes, stored.models
    return found


def read_node(row: asyncpg.Record, names: Names) -> Node:
    return Node(
        id=row["id"],
        settings=NewNode.model_validate_json(row["spec"]),
        created_at=row["created_at"],
        version=row["version"],
        claim_status=ClaimStatus(row["claim_status"]),
        agent_id=row["agent_id"],
        claim=row["claim"],
        health=HEALTH.validate_json(row["health"]),
        capabilities=read_capabilities(row, names),
        is_managed=row["is_managed"],
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
        is_managed=row["is_managed"],
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

"""Nodes as rows, and rows as nodes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Device, NewNode
from scheduler.domain.nodes import Abilities, Health, Node, Standing

SELECT_NODES = """SELECT nodes.*, node_abilities.body AS abilities FROM nodes
    LEFT JOIN node_abilities ON node_id = id ORDER BY created_at, id"""

UPSERT_NODES = """INSERT INTO nodes
    (id, engine, spec, created_at, version, standing, agent_id, claim, health)
    SELECT id, engine, spec::json, created_at, version, standing, agent_id, claim, health::json
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::int[], $6::text[],
     $7::uuid[], $8::int[], $9::text[])
    AS n(id, engine, spec, created_at, version, standing, agent_id, claim, health)
    ON CONFLICT (id) DO UPDATE SET engine = excluded.engine, spec = excluded.spec,
     version = excluded.version, standing = excluded.standing, agent_id = excluded.agent_id,
     claim = excluded.claim, health = excluded.health"""

UPSERT_ABILITIES = """INSERT INTO node_abilities (node_id, body)
    SELECT node_id, body::json FROM unnest($1::uuid[], $2::text[]) AS n(node_id, body)
    ON CONFLICT (node_id) DO UPDATE SET body = excluded.body"""

DELETE_NODES = "DELETE FROM nodes WHERE id = ANY($1)"


class HealthRow(BaseModel):
    quarantines: int = 0
    quarantined_until: datetime | None = None
    reason: str | None = None
    failed_versions: tuple[str, ...] = ()
    trial: int = 0
    double_of: UUID | None = None


class AbilitiesRow(BaseModel):
    digest: str = ""
    comfyui_version: str | None = None
    classes: frozenset[str] = frozenset()
    models: frozenset[ModelFile] = frozenset()
    devices: tuple[Device, ...] = ()


def upserted(node: Node) -> tuple[Any, ...]:
    """Fields of a node, in the order of `UPSERT_NODES`."""
    health = node.health
    row = HealthRow(
        quarantines=health.quarantines,
        quarantined_until=health.quarantined_until,
        reason=health.reason,
        failed_versions=health.failed_versions,
        trial=health.trial,
        double_of=health.double_of,
    )
    return (
        node.id,
        node.spec.engine,
        node.spec.model_dump_json(exclude={"engine"}),
        node.created_at,
        node.version,
        node.standing,
        node.agent_id,
        node.claim,
        row.model_dump_json(),
    )


def abilities_upserted(node: Node) -> tuple[Any, ...]:
    can = node.abilities
    row = AbilitiesRow(
        digest=can.digest,
        comfyui_version=can.comfyui_version,
        classes=can.classes,
        models=can.models,
        devices=can.devices,
    )
    return node.id, row.model_dump_json()


def read_node(row: asyncpg.Record) -> Node:
    health = HealthRow.model_validate_json(row["health"])
    can = AbilitiesRow.model_validate_json(row["abilities"] or "{}")
    return Node(
        id=row["id"],
        spec=NewNode.model_validate_json(row["spec"]).model_copy(update={"engine": row["engine"]}),
        created_at=row["created_at"],
        version=row["version"],
        standing=Standing(row["standing"]),
        agent_id=row["agent_id"],
        claim=row["claim"],
        health=Health(
            health.quarantines,
            health.quarantined_until,
            health.reason,
            health.failed_versions,
            health.trial,
            health.double_of,
        ),
        abilities=Abilities(can.digest, can.comfyui_version, can.classes, can.models, can.devices),
    )

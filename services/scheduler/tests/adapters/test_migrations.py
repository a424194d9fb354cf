"""Jobs and nodes that an older version stored are read as they were meant."""

import asyncio
import json
from datetime import date
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.postgres.migrations import upgrade
from runtime.process.settings import DatabaseSettings
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.effects import Effects
from scheduler.domain.nodes import ClaimStatus
from scheduler.domain.state import Limits, State
from scheduler.domain.usage import NO_NODE, Usage, UsageKey

UNMET = {"kind": "choice", "what": "sampler: new", "message": "not offered"}
OLD_NEEDS = {
    "classes": ["KSampler"],
    "models": [{"folder": "checkpoints", "name": "a"}],
    "unfit": [{"digests": ["d"], "missing": [UNMET]}],
}


def an_old_job(job_id: UUID) -> str:
    inputs = {"needs": 1, "prompt": "needs what is missing\0"}
    spec = {"job_id": str(job_id), "workflow": "w@1", "version_hash": "h", "inputs": inputs}
    return json.dumps({**spec, "needs": OLD_NEEDS})


async def a_loaded_state(url: str) -> State:
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as pool:
        epoch = await SqlLeadership(pool).acquire(None)
        assert epoch is not None
        return await SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits()).load()


INSERT_JOB = """INSERT INTO jobs (id, owner_id, status, version, attempts, workflow, labels,
    created_at, spec, trace, retry)
    VALUES ($1, $1, 'queued', 1, 0, 'w@1', '{}', now(), $2, '{}', '{}')"""


async def test_a_waiting_job_and_a_disabled_node_keep_their_meaning(
    postgres: PostgresServer,
) -> None:
    url = await postgres.database_for("scheduler", "0002")
    job_id, node_id = new_id(), new_id()
    connection = await asyncpg.connect(url)
    await connection.execute(INSERT_JOB, job_id, an_old_job(job_id))
    node = {"name": "one", "base_url": "http://10.0.0.7:8188", "enabled": False}
    await connection.execute(
        """INSERT INTO nodes (id, spec, created_at, version, standing, claim, health)
        VALUES ($1, $2, now(), 1, 'wanted', 0, '{}')""",
        node_id,
        json.dumps(node),
    )
    await connection.close()

    await upgrade(url, "scheduler")

    state = await a_loaded_state(url)
    request = state.jobs[job_id].request
    assert request.inputs == {"needs": 1, "prompt": "needs what is missing\0"}
    assert request.requirements.classes == {"KSampler"}
    [group] = request.requirements.incompatible
    assert (group.digests, group.unmet[0].name) == ({"d"}, "sampler: new")
    assert state.nodes[node_id].settings.is_enabled is False


async def test_stored_capabilities_keep_the_version_of_the_engine(
    postgres: PostgresServer,
) -> None:
    url, node_id = await postgres.database_for("scheduler", "0003"), new_id()
    connection = await asyncpg.connect(url)
    spec = {"name": "one", "base_url": "http://10.0.0.7:8188"}
    await connection.execute(
        """INSERT INTO nodes (id, spec, created_at, version, standing, claim, health)
        VALUES ($1, $2, now(), 1, 'joined', 1, '{}')""",
        node_id,
        json.dumps(spec),
    )
    body = {"digest": "d", "comfyui_version": "0.8.0", "classes": ['"comfyui_version":', "\0"]}
    await connection.execute(
        "INSERT INTO node_abilities (node_id, body) VALUES ($1, $2)", node_id, json.dumps(body)
    )
    await connection.close()

    await upgrade(url, "scheduler")

    node = (await a_loaded_state(url)).nodes[node_id]
    assert node.claim_status is ClaimStatus.JOINED
    assert node.capabilities.engine_version == "0.8.0"
    assert node.capabilities.classes == set(body["classes"])


async def test_jobs_that_the_leader_before_writes_during_the_upgrade_are_loaded(
    postgres: PostgresServer,
) -> None:
    url = await postgres.database_for("scheduler", "0004")
    ended, early, late = (new_id() for _ in range(3))
    leader, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
    await leader.execute(INSERT_JOB, ended, a_job(ended))
    open_commit = leader.transaction()
    await open_commit.start()
    await leader.execute(INSERT_JOB, early, a_job(early))
    upgrading = asyncio.create_task(upgrade(url, "scheduler"))

    async def upgrade_waits() -> bool:
        return await watcher.fetchval(
            """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid
            WHERE NOT granted AND datname = current_database())"""
        )

    await eventually(upgrade_waits)
    await open_commit.commit()
    await upgrading
    await leader.execute(INSERT_JOB, late, a_job(late))
    await leader.execute("UPDATE jobs SET status = 'completed' WHERE id = $1", ended)
    await leader.close()
    await watcher.close()

    assert (await a_loaded_state(url)).jobs.keys() == {early, late}


async def test_usage_counts_from_the_upgrade_on(postgres: PostgresServer) -> None:
    url, job_id = await postgres.database_for("scheduler", "0008"), new_id()
    connection = await asyncpg.connect(url)
    await connection.execute(INSERT_JOB, job_id, a_job(job_id))
    await connection.execute("UPDATE jobs SET status = 'completed' WHERE id = $1", job_id)

    await upgrade(url, "scheduler")

    assert await connection.fetchval("SELECT count(*) FROM usage") == 0
    await connection.close()
    key = UsageKey(date(2026, 1, 1), job_id, "w@1", NO_NODE, "canceled")
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as pool:
        epoch = await SqlLeadership(pool).acquire(None)
        assert epoch is not None
        ledger = SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())
        await ledger.commit(Effects(usage={key: Usage(job_count=1)}))
        assert await pool.fetchval("SELECT job_count FROM usage") == 1


def a_job(job_id: UUID) -> str:
    return json.dumps({"job_id": str(job_id), "workflow": "w@1", "version_hash": "h"})


async def test_usage_of_raw_graphs_is_folded(postgres: PostgresServer) -> None:
    url, owner_id = await postgres.database_for("scheduler", "0012"), new_id()
    connection = await asyncpg.connect(url)
    day, names = date(2026, 1, 1), ["graph@" + "a" * 64, "graph@" + "b" * 64, "graph@1", "w@1"]
    await connection.executemany(
        """INSERT INTO usage VALUES ($1, $2, $3, $2, 'completed', 1, 2, 3, 4.5, 5, 0.5)""",
        [(day, owner_id, name) for name in names],
    )

    await upgrade(url, "scheduler")

    found = await connection.fetch("SELECT * FROM usage ORDER BY workflow")
    await connection.close()
    assert [tuple(row)[2:] for row in found] == [
        ("graph", owner_id, "completed", 2, 4, 6, 9.0, 10, 1.0),
        ("graph@1", owner_id, "completed", 1, 2, 3, 4.5, 5, 0.5),
        ("w@1", owner_id, "completed", 1, 2, 3, 4.5, 5, 0.5),
    ]

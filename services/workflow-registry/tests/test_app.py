"""The registry as a whole: files in, bucket out, on real NATS and Postgres."""

# nats-py is only partly typed.
# pyright: reportUnknownMemberType=false

import json
from pathlib import Path

from nats.js.kv import KeyValue

from contracts.registry.workflows import WorkflowEntry, WorkflowVersionRecord
from contracts.services import WORKFLOWS
from runtime.bus.bucket import Mirror, read_value
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer
from workflows import load_version

from .builders import a_graph, a_spec
from .running import gateway, registry


def drop(folder: Path, name: str = "solid", *, color: int = 0) -> None:
    (folder / f"{name}.graph.json").write_text(a_graph(color))
    (folder / f"{name}.yaml").write_text(a_spec(name))


async def active(mirror: Mirror[WorkflowEntry], version: int | None) -> WorkflowEntry:
    def is_so() -> bool:
        known = mirror.entries.get("name.solid")
        return known is not None and known.active_version == version

    await eventually(is_so)
    return mirror.entries["name.solid"]


async def test_a_file_dropped_into_the_folder_can_be_run_without_a_restart(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = await postgres.database_for("workflow-registry")
    async with registry(nats, url, tmp_path), gateway(nats) as (bus, mirror):
        drop(tmp_path)
        await active(mirror, 1)
        drop(tmp_path, color=7)
        workflow = await active(mirror, 2)

        body = await read_value(bus, WORKFLOWS, f"version.{workflow.versions[2]}")
        record = WorkflowVersionRecord.model_validate_json(body or b"")
        assert record.graph["1"]["inputs"]["color"] == 7
        assert load_version(record.spec, record.graph).hash == record.hash


async def test_the_folder_counts_as_read_once_its_workflows_are_published(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    drop(tmp_path, "stripes")
    url = await postgres.database_for("workflow-registry")
    async with administration(nats.url, nats.passwords[PROVISIONER]) as jetstream:
        bucket = await jetstream.key_value(WORKFLOWS.name)
        for key in ("folder", "name.stripes"):
            await bucket.purge(key)
        watcher = await bucket.watch(">", ignore_deletes=True)
        async with registry(nats, url, tmp_path):
            published: list[str] = []
            while "folder" not in published:
                entry = await watcher.updates(timeout=20)
                published += [entry.key] if isinstance(entry, KeyValue.Entry) else []
        await watcher.stop()
        assert "name.stripes" in published


async def test_a_workflow_that_no_bucket_takes_keeps_no_other_from_being_seen(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = await postgres.database_for("workflow-registry")
    about = {"title": "Huge", "description": "x" * 600_000, "category": "image", "source": "api"}
    stored = f"INSERT INTO workflows (name, about) VALUES ('huge', '{json.dumps(about)}')"  # noqa: S608  the test's own
    await postgres.execute(url, stored)
    async with registry(nats, url, tmp_path), gateway(nats) as (_, mirror):
        drop(tmp_path)
        await active(mirror, 1)
        drop(tmp_path, color=7)
        await active(mirror, 2)

    assert "name.huge" not in mirror.entries


async def test_a_broken_file_says_so_and_the_old_version_stays(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    drop(tmp_path)
    url = await postgres.database_for("workflow-registry")
    async with registry(nats, url, tmp_path), gateway(nats) as (_, mirror):
        await active(mirror, 1)
        (tmp_path / "solid.yaml").write_text("spec: [")
        await eventually(lambda: mirror.entries["name.solid"].problem is not None)
        assert mirror.entries["name.solid"].active_version == 1

        (tmp_path / "solid.yaml").unlink()
        removed = await active(mirror, None)
        assert list(removed.versions) == [1]


async def test_a_restarted_registry_mends_the_bucket(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    first, second = [await postgres.database_for("workflow-registry") for _ in range(2)]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    drop(tmp_path / "one", color=1)
    drop(tmp_path / "two", color=2)
    drop(tmp_path / "two", "stripes")
    async with gateway(nats) as (bus, mirror):
        async with registry(nats, first, tmp_path / "one"):
            await eventually(lambda: mirror.entries.keys() == {"name.solid"})
        async with registry(nats, second, tmp_path / "two"):
            await eventually(lambda: mirror.entries.keys() == {"name.solid", "name.stripes"})
        before = mirror.entries["name.solid"]
        async with registry(nats, first, tmp_path / "one"):
            await eventually(lambda: mirror.entries.keys() == {"name.solid"})
            await eventually(lambda: mirror.entries["name.solid"] != before)

            mended = mirror.entries["name.solid"].versions[1]
            assert await read_value(bus, WORKFLOWS, f"version.{mended}")
            assert await read_value(bus, WORKFLOWS, f"version.{before.versions[1]}") is None

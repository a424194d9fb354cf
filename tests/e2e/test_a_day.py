"""A day of jobs at high speed: everything that a fleet keeps ends where it was after an hour.

Results and jobs are kept for seconds. Rows that are kept for a fixed day or month are made older by
that time, and the services that delete them are started again, which runs their ticks at once.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from comfyfleet.testing import ADMIN_EMAIL, LocalFleet, local_fleet
from contracts.services import BUCKETS, SERVICES, ServiceName
from contracts.topology import stream_of
from runtime.bus.nats_config import PROVISIONER
from runtime.postgres.roles import PACKAGES
from runtime.provision import administration
from runtime.testing.ports import eventually

pytestmark = pytest.mark.long

JOBS = int(os.environ.get("DAY_JOBS", "20000"))
HOURS = 24
AT_ONCE = 24
KEPT_DAYS = "0.0002"
"""17 s."""
SETTINGS = {
    "COMFYFLEET_KEEP_JOBS_DAYS": KEPT_DAYS,
    "COMFYFLEET_KEEP_RESULTS_DAYS": KEPT_DAYS,
    "COMFYFLEET_RATE_PER_SECOND": "0",
    "COMFYFLEET_LOGINS_PER_MINUTE": "0",
}
DRAINED_SECONDS = 240
ALLOWED = 1.1
PAGE_BYTES = 8_192
SPARE_PAGES = 16
"""A table or index that was never filled grows by single pages."""
SPARE_MEMORY_MB = 10
"""The allocator's own grain: a process of 90 MB moves by some even when idle."""
AGE: dict[ServiceName, tuple[str, ...]] = {
    "scheduler": ("UPDATE idempotency SET created_at = created_at - interval '2 days'",),
    "media": (
        "UPDATE attempts SET recorded_at = recorded_at - interval '40 days'",
        "UPDATE uploads SET created_at = created_at - interval '2 days'",
        "UPDATE idempotency SET created_at = created_at - interval '2 days'",
        "UPDATE blobs SET used_at = used_at - interval '2 days'",
    ),
}
SIZES = """SELECT relname, pg_total_relation_size(pg_class.oid) AS size FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"""


@pytest.fixture
def day(tmp_path: Path) -> Iterator[LocalFleet]:
    with local_fleet(tmp_path / "home", **SETTINGS) as fleet:
        yield fleet


async def test_a_day_leaves_no_more_behind_than_an_hour(day: LocalFleet) -> None:
    await run_jobs(day, 0, JOBS // HOURS)
    hour = await measured(day)
    await run_jobs(day, JOBS // HOURS, JOBS)
    end = await measured(day)

    grown = {
        name: (hour.get(name, 0), size)
        for name, size in end.items()
        if size > ALLOWED * hour.get(name, 0) + spare(name)
    }
    assert grown == {}


def spare(name: str) -> float:
    if name.startswith("memory"):
        return SPARE_MEMORY_MB
    return SPARE_PAGES * PAGE_BYTES if name.startswith("table") else 0


async def run_jobs(fleet: LocalFleet, first: int, last: int) -> None:
    """Submit jobs that each make a picture of their own, and wait until nothing of them is left."""
    numbers = iter(range(first, last))
    async with httpx.AsyncClient(base_url=fleet.url, timeout=60) as http:

        async def work() -> None:
            await log_in(http, fleet)
            for n in numbers:
                body = {"workflow": "solid", "inputs": {"color": n, "width": 64, "height": 64}}
                while (answer := await http.post("/v1/jobs", json=body)).status_code != 201:
                    assert answer.status_code in {401, 429, 503}, answer.text
                    await log_in(http, fleet)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

        async def is_drained() -> bool:
            await log_in(http, fleet)
            pages = [(await http.get(f"/v1/{name}?limit=1")).json() for name in ("jobs", "media")]
            return not any(page["items"] for page in pages)

        await eventually(is_drained, 3_600)


async def log_in(http: httpx.AsyncClient, fleet: LocalFleet) -> None:
    form = {"username": ADMIN_EMAIL, "password": fleet.secrets.admin_password}
    answer = await http.post("/v1/auth/token", data=form)
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def measured(fleet: LocalFleet) -> dict[str, float]:
    """Return the size of everything that could grow, in bytes, messages or MB."""
    found = {
        f"memory of {name}": psutil.Process(fleet.pid(name)).memory_info().rss / 1024**2
        for name in SERVICES
    }
    await pass_time(fleet)
    for service in PACKAGES:
        found |= await table_sizes(fleet.database_url(service), service)
    password = fleet.secrets.nats[PROVISIONER]
    async with administration(fleet.nats_url, password) as jetstream:
        for bucket in BUCKETS:
            stream = stream_of(bucket)
            state = (await jetstream.stream_info(stream)).state
            found[f"bucket {bucket.name}"] = state.messages
            found[f"consumers of {bucket.name}"] = state.consumer_count
    for server in ("s3", "preview-engine"):
        files = [file for file in fleet.home.data(server).rglob("*") if file.is_file()]
        found[f"folder {server}"] = sum(file.stat().st_size for file in files)
    return found


async def pass_time(fleet: LocalFleet) -> None:
    """Make rows older than they are kept, and start the services that delete them again."""
    for service, statements in AGE.items():
        connection = await asyncpg.connect(fleet.database_url(service))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()
        before = fleet.pid(service)
        os.kill(before, signal.SIGTERM)
        await eventually(lambda old=before, name=service: pid(fleet, name) not in {old, None}, 60)

    async def is_empty() -> bool:
        connection = await asyncpg.connect(fleet.database_url("media"))
        try:
            return not await connection.fetchval("SELECT count(*) FROM attempts")
        finally:
            await connection.close()

    await eventually(is_empty, DRAINED_SECONDS)


def pid(fleet: LocalFleet, name: str) -> int | None:
    try:
        return fleet.pid(name)
    except LookupError:
        return None


async def table_sizes(url: str, service: ServiceName) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM")
        rows = await connection.fetch(SIZES)
    finally:
        await connection.close()
    return {f"table {service}.{row['relname']}": row["size"] for row in rows}

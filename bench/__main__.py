"""Starts a fleet of its own, measures, and prints the figures of the README."""

import asyncio
import os
import platform
import tempfile
from pathlib import Path

from bench import control_plane, latency, rendering
from comfyfleet.testing import LocalFleet, local_fleet

JOBS = int(os.environ.get("BENCH_JOBS", "3000"))
UNLIMITED = {"COMFYFLEET_RATE_PER_SECOND": "0", "COMFYFLEET_LOGINS_PER_MINUTE": "0"}
PICTURES = 200
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "20"))


async def measure(fleet: LocalFleet) -> None:
    """Measure jobs without pictures first, since thumbnails are made after the jobs are over."""
    client = fleet.client()
    engine = client.nodes()[0].base_url
    token = str(client.call("GET", "/v1/me").request.headers["authorization"]).partition(" ")[2]
    jobs = await control_plane.measure(fleet, JOBS)
    print(
        f"control plane: {jobs.jobs_per_second:.0f} jobs/s ({jobs.jobs} jobs, "
        f"{control_plane.USERS} users watching over SSE, {jobs.refused} asked to wait)"
    )
    added = await latency.added_latency(fleet, engine, token, ROUNDS)
    print(
        f"added latency at 1 job/s: {added.added_ms:.1f} ms at the median "
        f"({added.fleet_ms:.1f} through the fleet, {added.direct_ms:.1f} straight to the engine)"
    )
    pictures = await latency.pictures_per_second(fleet, token, PICTURES)
    print(f"pictures: {pictures:.0f}/s with engine and S3, one node")


def main() -> None:
    cores = os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}")
    print(
        f"validate and render, {rendering.INPUTS} inputs: {rendering.measure():.0f}/s on one core"
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        local_fleet(Path(folder) / "home", **UNLIMITED) as fleet,
    ):
        asyncio.run(measure(fleet))


if __name__ == "__main__":
    main()

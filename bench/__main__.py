"""Starts a fleet of its own, measures, and prints the figures of the README."""

import asyncio
import os
import platform
import tempfile
from pathlib import Path

from bench import control_plane, latency, rendering, slow_clients
from comfyfleet.testing import LocalFleet, local_fleet

JOBS = int(os.environ.get("BENCH_JOBS", "3000"))
UNLIMITED = {
    "COMFYFLEET_RATE_PER_SECOND": "0",
    "COMFYFLEET_ADDRESS_RATE_PER_SECOND": "0",
    "COMFYFLEET_LOGINS_PER_MINUTE": "0",
}
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
    await beside_slow_clients(fleet)


async def beside_slow_clients(fleet: LocalFleet) -> None:
    names = ["slow@bench.local", "other@bench.local"]
    seen = await slow_clients.measure(
        fleet, *await control_plane.make_users(fleet, names), rounds=ROUNDS
    )
    alone, beside = seen.alone, seen.beside
    print(
        f"another user beside {slow_clients.READERS} slow readers and {slow_clients.WRITERS} "
        f"slow writers: downloads take {beside.download_ms / alone.download_ms:.2f} times their "
        f"normal time ({beside.download_ms:.0f} against {alone.download_ms:.0f} ms), uploads "
        f"{beside.upload_ms / alone.upload_ms:.2f} times ({beside.upload_ms:.0f} against "
        f"{alone.upload_ms:.0f} ms)"
    )
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(seen.answers.items()))
    print(
        f"memory of the gateway: {seen.memory_mb:.0f} MiB before, at most "
        f"{seen.most_memory_mb:.0f} meanwhile, {seen.memory_after_mb:.0f} a minute after; "
        f"the slow ones got {answers}"
    )


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

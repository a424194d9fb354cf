"""A running media service against a folder of hostile files, its memory measured throughout."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import httpx
import psutil

from contracts.access import Actor
from contracts.errors import InvalidError
from contracts.media.files import AcceptUpload
from contracts.media.library import ListMedia
from runtime.testing.ports import eventually, free_port
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, encoded
from .adapters.records import SECRET, an_actor
from .fleet import Fleet, bus
from .hostile import Hostile, hostile_files, hostile_films

MAX_BYTES = 600 * 1024**2
AT_ONCE = 4
LONG = 240


class Memory:
    """The most that a process and its children held at one time."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.most = 0

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, self._now())
            await asyncio.sleep(0.05)  # to look at every process of the machine takes 10 ms

    def _now(self) -> int:
        total = self._process.memory_info().rss
        for child in self._process.children(recursive=True):
            with suppress(psutil.Error):
                total += child.memory_info().rss
        return total


@asynccontextmanager
async def media_process(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> AsyncGenerator[tuple[Fleet, Memory], None]:
    port, database = free_port(), await postgres.database_for("media")
    values = {
        "NATS_URL": nats.url,
        "NATS_PASSWORD": nats.passwords["media"],
        "DATABASE_URL": database,
        "S3_ENDPOINT": s3.endpoint,
        "S3_ACCESS_KEY": s3.access_key,
        "S3_SECRET_KEY": s3.secret_key,
        "S3_BUCKET": s3.bucket,
        "S3_REGION": s3.region,
        "GRANT_SECRET": SECRET,
        "NAME_SECRET": SECRET,
        "OPS_PORT": str(port),
        "LOG_LEVEL": "error",
    }
    environment = os.environ | {f"COMFYFLEET_{name}": value for name, value in values.items()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "media", env=environment)
    memory = Memory(process.pid)
    watching = asyncio.create_task(memory.watch())
    try:
        async with (
            bus(nats, "gateway") as gateway,
            bus(nats, "node-agent") as agent,
            httpx.AsyncClient(timeout=60) as web,
        ):

            async def is_ready() -> bool:
                with suppress(httpx.TransportError):
                    return (await web.get(f"http://127.0.0.1:{port}/readyz")).is_success
                return False

            await eventually(is_ready, within=30)
            yield Fleet(gateway, agent, web, database), memory
            assert await is_ready()
    finally:
        watching.cancel()
        process.terminate()
        await process.wait()


async def reason_for(fleet: Fleet, actor: Actor, file: Hostile) -> str | None:
    media_id = await fleet.upload(actor, file.data)
    asked = {"actor": actor, "media_id": media_id, "kind": file.kind, "filename": file.name}
    try:
        await fleet.gateway.call(AcceptUpload.model_validate(asked), within=LONG)
    except InvalidError as refused:
        return refused.errors[0].code
    return None


async def test_each_is_refused_for_its_reason_within_600_mib(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    actor, free = an_actor(), asyncio.Semaphore(AT_ONCE)
    async with media_process(nats, postgres, s3) as (fleet, memory):
        found: dict[str, str | None] = {}

        async def try_on(file: Hostile) -> None:
            async with free:
                found[file.name] = await reason_for(fleet, actor, file)

        files = [*hostile_files(), *hostile_films()]
        await asyncio.gather(*map(try_on, files))
        assert found == {file.name: file.reason for file in files}
        kept = await fleet.gateway.call(ListMedia(actor=actor, kind=["image", "video"]))
        for view in kept.items:
            assert await fleet.content(actor, view.id, 256)
        good = await fleet.image(actor, encoded(a_picture()))
        assert await fleet.content(actor, good.id, 256)
        assert memory.most < MAX_BYTES, f"{memory.most / 1024**2:.0f} MiB"

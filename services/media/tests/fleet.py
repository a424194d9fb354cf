"""Media as a whole on real NATS, Postgres and S3, seen from the gateway and from an agent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
from blake3 import blake3
from minio import Minio
from pydantic import SecretStr

from contracts.access import Actor
from contracts.media.attempts import RecordResults, SignResultUrls
from contracts.media.files import AcceptUpload, BeginUpload, LocateContent, MediaView
from contracts.scheduler.jobs import Output
from contracts.services import ServiceName
from media.app import run
from media.settings import MediaSettings
from runtime.bus.client import Bus
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.records import SECRET, a_result

UNMEASURED = {"width": None, "height": None}
"""An agent knows the size of pictures alone."""


@dataclass(frozen=True, slots=True)
class Fleet:
    gateway: Bus
    agent: Bus
    web: httpx.AsyncClient
    database: str

    async def upload(self, actor: Actor, data: bytes, media_id: UUID | None = None) -> UUID:
        begin = BeginUpload(actor=actor, media_id=media_id or uuid4(), size_bytes=len(data) or 1)
        target = await self.gateway.call(begin)
        (await self.web.put(target.url, content=data)).raise_for_status()
        return begin.media_id

    async def image(self, actor: Actor, data: bytes) -> MediaView:
        media_id = await self.upload(actor, data)
        return await self.accept(AcceptUpload(actor=actor, media_id=media_id, kind="image"))

    async def accept(self, command: AcceptUpload) -> MediaView:
        return await self.gateway.call(command, within=30)

    async def content(self, actor: Actor | None, media_id: UUID, width: int | None = None) -> bytes:
        asked = LocateContent(actor=actor, media_id=media_id, width=width)
        located = await self.gateway.call(asked, within=20)
        return (await self.web.get(located.url)).raise_for_status().content

    async def results(self, grant: str, node_id: UUID, *data: bytes) -> list[Output]:
        """Put and record them, as an agent does."""
        asked = SignResultUrls(node_id=node_id, grant=grant, count=len(data))
        targets = await self.agent.call(asked)
        for url, content in zip(targets.urls, data, strict=True):
            (await self.web.put(url, content=content)).raise_for_status()
        return await self.report(grant, node_id, *data)

    async def report(self, grant: str, node_id: UUID, *data: bytes) -> list[Output]:
        """Record what was put before: the same report may come again when its answer is lost."""
        files = [
            a_result(n, content, blake3(content).hexdigest()).model_copy(update=UNMEASURED)
            for n, content in enumerate(data)
        ]
        recorded = RecordResults(node_id=node_id, grant=grant, files=files)
        return (await self.agent.call(recorded, within=20)).outputs


@asynccontextmanager
async def media(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, database: str = "", **more: Any
) -> AsyncGenerator[Fleet, None]:
    database = database or await postgres.database_for("media")
    settings = MediaSettings(
        **more,
        nats_url=nats.url,
        nats_password=SecretStr(nats.passwords["media"]),
        database_url=SecretStr(database),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
        s3_bucket=s3.bucket,
        s3_region=s3.region,
        grant_secret=SecretStr(SECRET),
        name_secret=SecretStr(SECRET),
    )
    service = asyncio.create_task(run(settings))
    try:
        async with (
            bus(nats, "gateway") as gateway,
            bus(nats, "node-agent") as agent,
            httpx.AsyncClient() as web,
        ):
            yield Fleet(gateway, agent, web, database)
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service


@asynccontextmanager
async def bus(nats: NatsServer, service: ServiceName) -> AsyncGenerator[Bus, None]:
    password = nats.passwords[service]
    async with Bus.connect(nats.url, service=service, password=password) as connected:
        yield connected


def objects(s3: S3Server, owner_id: UUID) -> set[str]:
    store = Minio(s3.endpoint, s3.access_key, s3.secret_key, region=s3.region, secure=False)
    found = store.list_objects(s3.bucket, recursive=True)
    return {o.object_name for o in found if o.object_name and str(owner_id) in o.object_name}

"""The gateway's table of contents."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

from fastapi import APIRouter
from prometheus_client import Gauge

from gateway.adapters.catalog import BucketWorkflows
from gateway.adapters.directory import Directory
from gateway.adapters.events import StreamArchive, hear_signals
from gateway.adapters.serving import listen, serve
from gateway.adapters.store import HttpObjectStore, http_store
from gateway.domain.rates import Rates
from gateway.domain.resources import Presenter
from gateway.handlers.hub import Hub
from gateway.handlers.jobs import Submissions
from gateway.handlers.loading import JobLoader
from gateway.handlers.quota import Quota
from gateway.handlers.streams import Live
from gateway.handlers.watching import watch_jobs
from gateway.routes.admission import Admission
from gateway.routes.bulk import BulkRoutes
from gateway.routes.content import ContentRoutes
from gateway.routes.door import Door
from gateway.routes.events import EventRoutes
from gateway.routes.gallery import GalleryRoutes
from gateway.routes.jobs import JobRoutes
from gateway.routes.media import MediaRoutes
from gateway.routes.meta import MetaRoutes
from gateway.routes.nodes import NodeRoutes
from gateway.routes.sessions import SessionRoutes
from gateway.routes.sharing import SharingRoutes
from gateway.routes.web import web_app
from gateway.routes.workflows import WorkflowRoutes
from gateway.routes.workshop import WorkshopRoutes
from gateway.settings import GatewaySettings
from runtime.clock import now
from runtime.process.service import Runtime, running

OPEN_STREAMS = Gauge("comfyfleet_open_streams", "Event streams that clients have open.")
START_SECONDS = 60.0
SEEDS = 2**53
FEWEST_LOGINS = 10


async def run(settings: GatewaySettings) -> None:
    """Follow buckets and events; once all are known, listen until told to stop."""
    async with running(settings, "gateway") as runtime, http_store(settings.s3_ca_file) as store:
        gateway = Gateway(settings, runtime, store)
        gateway.directory.follow(runtime)
        runtime.spawn(gateway.hub.follow(gateway.archive), name="hub")
        runtime.spawn(watch_jobs(gateway.hub, runtime.bus), name="watched")
        await hear_signals(gateway.hub, runtime.bus)
        async with asyncio.timeout(START_SECONDS):
            await gateway.directory.ready()
            await gateway.hub.ready.wait()
        OPEN_STREAMS.set_function(lambda: gateway.hub.open_streams)
        with listen(settings.host, settings.port) as listener:
            runtime.ready()
            await serve(
                gateway.door(),
                listener,
                stop=runtime.stop,
                stopping=gateway.hub.end_all,
                prefix=settings.path_prefix,
                trusted_proxies=settings.trusted_proxies,
            )


@dataclass(frozen=True)
class Gateway:
    """Everything that a gateway is made of."""

    settings: GatewaySettings
    runtime: Runtime
    store: HttpObjectStore

    @cached_property
    def directory(self) -> Directory:
        return Directory(self.hub.wake_all)

    @cached_property
    def archive(self) -> StreamArchive:
        return StreamArchive(self.runtime.bus)

    @cached_property
    def hub(self) -> Hub:
        chosen = self.settings
        return Hub(
            ring_size=chosen.ring_size,
            most=chosen.max_streams,
            most_per_user=chosen.max_streams_per_user,
        )

    @cached_property
    def loader(self) -> JobLoader:
        return JobLoader(self.runtime.bus)

    @cached_property
    def workflows(self) -> BucketWorkflows:
        return BucketWorkflows(self.runtime.bus, self.directory, self.settings.version_cache)

    @cached_property
    def present(self) -> Presenter:
        return Presenter(self._url_secret, time.time, self.settings.path_prefix)

    @cached_property
    def admission(self) -> Admission:
        chosen = self.settings
        per_minute = chosen.logins_per_minute
        return Admission(
            tokens=self.directory.tokens,
            principals=self.directory.principals,
            callers=Rates(chosen.rate_per_second, chosen.rate_burst),
            logins=Rates(per_minute / 60, burst=max(FEWEST_LOGINS, int(per_minute))),
            clock=time.time,
        )

    def door(self) -> Door:
        app = web_app(self.routers(), version("comfyfleet-gateway"))
        return Door(app, self.settings.max_body_bytes, self.settings.max_upload_bytes)

    def routers(self) -> Iterator[APIRouter]:
        bus, admission, prefix = self.runtime.bus, self.admission, self.settings.path_prefix
        origins = frozenset(filter(None, self.settings.public_origins.split(",")))
        submissions = Submissions(
            bus,
            self.workflows,
            Quota(bus, time.monotonic),
            lambda: secrets.randbelow(SEEDS),
            now,
            self.settings.result_metadata,
        )
        live = Live(self.hub, self.archive, bus, self.loader, self.present.job_json)
        yield JobRoutes(
            admission, bus, submissions, self.present, self.hub, self.loader, self._body_secret
        ).router()
        yield SessionRoutes(admission, bus, origins, prefix).router()
        yield WorkshopRoutes(admission, bus, self.workflows, prefix).router()
        yield WorkflowRoutes(admission, bus, self.workflows, prefix).router()
        yield from self.media_routers()
        yield EventRoutes(admission, live, bus).router()
        yield NodeRoutes(admission, bus, prefix, self._body_secret).router()
        yield MetaRoutes(self.runtime.health.failing).router()

    def media_routers(self) -> Iterator[APIRouter]:
        bus, admission, chosen = self.runtime.bus, self.admission, self.settings
        # Before those whose paths begin with an id.
        yield GalleryRoutes(admission, bus, self.present).router()
        yield BulkRoutes(
            admission,
            bus,
            self.store,
            self.present,
            self._body_secret,
            chosen.max_archive_bytes,
            asyncio.Semaphore(chosen.max_archives),
        ).router()
        yield SharingRoutes(admission, bus, self.present, self._body_secret).router()
        yield self.media().router()
        yield ContentRoutes(admission, bus, self.store, self._url_secret).router()

    def media(self) -> MediaRoutes:
        return MediaRoutes(
            admission=self.admission,
            owners=self.runtime.bus,
            workflows=self.workflows,
            store=self.store,
            present=self.present,
            secret=self._body_secret,
            max_bytes=self.settings.max_upload_bytes,
            upload_seconds=self.settings.upload_seconds,
            free=asyncio.Semaphore(self.settings.max_uploads),
        )

    @property
    def _url_secret(self) -> bytes:
        return self.settings.url_secret.get_secret_value().encode()

    @property
    def _body_secret(self) -> bytes:
        return self.settings.idempotency_secret.get_secret_value().encode()

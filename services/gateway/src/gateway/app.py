"""The gateway's table of contents."""

import asyncio
import time
from collections.abc import Mapping
from importlib.metadata import version
from uuid import uuid4

from prometheus_client import Gauge
from pydantic import SecretStr

from contracts.agent import AttemptPreviewed, AttemptProgressed
from contracts.message import Signal
from contracts.spent import RateKind, RequestsSpent
from gateway.batches import endpoints as batches
from gateway.http.access import AccessControl
from gateway.http.admission import Admission
from gateway.http.application import application
from gateway.http.browsers import AnswersHead, CrossOrigin
from gateway.http.middleware import RequestMiddleware
from gateway.http.overload import Overload
from gateway.http.rates import Rates
from gateway.http.server import listen, serve
from gateway.http.shares import Shares
from gateway.jobs import changes as job_changes
from gateway.jobs import endpoints as jobs
from gateway.jobs import explanations, timings
from gateway.jobs.loader import JobLoader
from gateway.jobs.quota import Quota
from gateway.live import endpoints as live
from gateway.live import websocket
from gateway.live.hub import Hub
from gateway.live.sources import announce_watched_jobs, follow_events, subscribe_raw
from gateway.media import content, uploads, zip_download
from gateway.media import endpoints as media
from gateway.media.memory import return_memory, what_exists_set_aside
from gateway.media.signatures import LinkSigner
from gateway.media.store import HttpObjectStore, http_store
from gateway.nodes import contents as node_contents
from gateway.nodes import endpoints as nodes
from gateway.nodes import models as node_models
from gateway.nodes import overview
from gateway.ops import endpoints as ops
from gateway.ops.spent import announce_spent, hear_spent
from gateway.service import Gateway
from gateway.sessions import endpoints as sessions
from gateway.sessions.accounts import Accounts
from gateway.settings import GatewaySettings
from gateway.usage import endpoints as usage
from gateway.users import api_keys, audit, me, roles, users
from gateway.users import links as password_links
from gateway.users.api_keys import announce_used_keys
from gateway.webhooks import endpoints as webhooks
from gateway.workflows import authoring, presets
from gateway.workflows import endpoints as workflows
from gateway.workflows.catalog import WorkflowCatalog
from runtime.process.service import Runtime, running
from runtime.process.tables import SubscriptionTable, TickTable, start_ticks
from runtime.process.tables import serve as subscribe

ROUTERS = (
    jobs.router,
    timings.router,
    job_changes.router,
    batches.router,
    explanations.router,
    live.router,
    websocket.router,
    media.router,
    uploads.router,
    zip_download.router,
    content.router,
    workflows.router,
    authoring.router,
    presets.router,
    nodes.router,
    node_contents.router,
    node_models.router,
    overview.router,
    usage.router,
    users.router,
    webhooks.router,
    roles.router,
    me.router,
    password_links.router,
    sessions.router,
    api_keys.router,
    api_keys.of_users,
    audit.router,
    ops.router,
)
RAW_SIGNALS: Mapping[type[Signal], str] = {
    AttemptProgressed: "job.progress",
    AttemptPreviewed: "job.preview",
}
"""Signals that are passed on to clients as undecoded bytes, and the names of their events."""
SUBSCRIPTIONS: SubscriptionTable[Gateway] = {RequestsSpent: hear_spent}
TICKS: TickTable[Gateway] = {
    announce_watched_jobs: 5.0,
    announce_used_keys: 5.0,
    return_memory: 5.0,
    announce_spent: 1.0,
}

OPEN_STREAMS = Gauge("comfyfleet_open_streams", "Event streams that clients have open.")
OPEN_TRANSFERS = Gauge(
    "comfyfleet_open_transfers", "Places that downloads, uploads and ZIP downloads hold.", ["kind"]
)
START_SECONDS = 60.0
MIN_LOGINS = 10
MAX_CATCH_UPS = 4
"""Few at one time, since each reads from disk."""
MAX_EXPORTS = 4


def build(settings: GatewaySettings, runtime: Runtime, store: HttpObjectStore) -> Gateway:
    bus = runtime.bus
    hub = Hub(
        ring_size=settings.ring_size,
        most=settings.max_streams,
        most_per_user=settings.max_streams_per_user,
    )
    accounts = Accounts(on_change=hub.wake_all)
    return Gateway(
        id=uuid4(),
        settings=settings,
        bus=bus,
        store=store,
        accounts=accounts,
        catalog=WorkflowCatalog(bus, settings.version_cache),
        access=AccessControl(
            tokens=accounts.tokens,
            principal_of=accounts.principal,
            rates=rates_of(settings),
        ),
        overload=Overload(settings.max_requests),
        hub=hub,
        loader=JobLoader(bus),
        quota=Quota(bus, time.monotonic),
        signer=LinkSigner(secret(settings.url_secret), time.time, settings.path_prefix),
        idempotency_secret=secret(settings.idempotency_secret),
        downloads=Shares(settings.max_downloads, download_shares(settings)),
        uploads=Shares(settings.max_uploads, {"user": max(1, settings.max_uploads // 4)}),
        zip_downloads=Shares(
            settings.max_zip_downloads, {"user": max(1, settings.max_zip_downloads // 4)}
        ),
        catch_ups=Shares(MAX_CATCH_UPS, {"user": 1}),
        exports=Shares(MAX_EXPORTS, {"user": 1}),
        failing=runtime.health.failing,
    )


def rates_of(settings: GatewaySettings) -> Mapping[RateKind, Rates]:
    logins = settings.logins_per_minute
    return {
        "user": Rates(settings.rate_per_second, settings.rate_burst),
        "key": Rates(settings.key_rate_per_second, settings.key_rate_burst),
        "address": Rates(settings.address_rate_per_second, settings.address_rate_burst),
        "login": Rates(logins / 60, burst=max(MIN_LOGINS, int(logins))),
    }


def download_shares(settings: GatewaySettings) -> dict[str, int]:
    """Return the places of a holder, by kind; many people can share an address, behind a proxy."""
    quarter = max(1, settings.max_downloads // 4)
    link = max(1, settings.max_downloads // 16)
    return {"user": quarter, "owner": quarter, "link": link, "address": 2 * quarter}


def measure(gateway: Gateway) -> None:
    """Have the metrics show what is open now."""
    OPEN_STREAMS.set_function(lambda: gateway.hub.open_streams)
    for kind, shares in (
        ("download", gateway.downloads),
        ("upload", gateway.uploads),
        ("zip_download", gateway.zip_downloads),
    ):
        OPEN_TRANSFERS.labels(kind).set_function(lambda shares=shares: shares.taken)


def secret(value: SecretStr) -> bytes:
    return value.get_secret_value().encode()


def web(gateway: Gateway) -> RequestMiddleware:
    app = application(ROUTERS, version("comfyfleet-gateway"))
    app.state.gateway = gateway
    app.state.access = gateway.access
    app.state.idempotency_secret = gateway.idempotency_secret
    settings = gateway.settings
    admitted = Admission(AnswersHead(app), gateway.access.rates["address"], gateway.overload)
    served = CrossOrigin(admitted, settings.trusted_origins, settings.calling_origins)
    return RequestMiddleware(
        served,
        settings.max_body_bytes,
        settings.max_upload_bytes,
        settings.min_bytes_per_second,
        settings.hsts_seconds,
    )


async def run(settings: GatewaySettings) -> None:
    """Follow buckets and events; once all are known, listen until told to stop."""
    stored = http_store(
        settings.s3_ca_file,
        downloads=settings.max_downloads + settings.max_zip_downloads,
        uploads=settings.max_uploads,
    )
    async with stored as store, running(settings, "gateway") as runtime:
        gateway = build(settings, runtime, store)
        gateway.accounts.follow(runtime)
        gateway.catalog.follow(runtime)
        runtime.spawn(follow_events(gateway), name="hub")
        await subscribe_raw(gateway, RAW_SIGNALS)
        await subscribe(runtime.bus, gateway, subscriptions=SUBSCRIPTIONS)
        runtime.spawn(gateway.overload.watch(), name="overload")
        start_ticks(runtime, gateway, TICKS)
        async with asyncio.timeout(START_SECONDS):
            await gateway.accounts.ready()
            await gateway.catalog.ready()
            await gateway.hub.ready.wait()
        measure(gateway)
        with what_exists_set_aside(), listen(settings.host, settings.port) as server_socket:
            runtime.ready()
            await serve(
                web(gateway),
                server_socket,
                settings,
                stop=runtime.stop,
                stopping=gateway.hub.end_all,
            )

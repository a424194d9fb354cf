"""Media, put together."""

from collections.abc import Awaitable, Callable
from functools import partial
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.media.attempts import FindResults, OpenResults, RecordResults, StageInputs
from contracts.media.files import AcceptUpload, BeginUpload, FindMedia, LocateContent, MediaView
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    ListLinks,
    ListMedia,
    RevokeLink,
    ShareMedia,
    UpdateMedia,
)
from media.adapters.grants import SignedGrants
from media.adapters.s3 import Bucket, S3ObjectStore
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.links import SqlLinks
from media.adapters.sql.orphans import SqlOrphans
from media.adapters.sql.previews import SqlPreviews
from media.adapters.sql.removal import SqlRemoval
from media.adapters.sql.results import SqlResults
from media.adapters.sql.uploads import SqlUploads
from media.adapters.workshop import WorkerLimits, Workshop
from media.domain.inspection import Bounds
from media.domain.retention import Ages, days
from media.handlers.attempts import find_results, open_results, stage_inputs
from media.handlers.collecting import collect_orphans
from media.handlers.content import Counter, find_media, locate_content
from media.handlers.gallery import delete_media, find_storage, list_media, sweep, update_media
from media.handlers.links import list_links, revoke_link, share_media
from media.handlers.once import Once
from media.handlers.preparing import Darkroom, prepare_waiting
from media.handlers.results import Intray, record_results
from media.handlers.uploads import Intake, UploadLimits, accept_upload, begin_upload
from media.settings import MediaSettings
from runtime.bus.client import Bus
from runtime.clock import now
from runtime.outbox.relay import Relay
from runtime.postgres.engine import database, driver
from runtime.postgres.schema import verify
from runtime.process.service import Runtime, running
from runtime.process.tables import every

COLLECT_SECONDS = 3600.0
SWEEP_SECONDS = 60.0
PREPARE_SECONDS = 1.0
RECORDINGS = 16
MOST_BARE_BYTES = 256 * 1024**2
"""Larger results cannot be made bare in the memory that a worker has."""


async def run(settings: MediaSettings) -> None:
    """Serve until told to stop."""
    async with database(settings) as engine, running(settings, "media") as runtime:
        await verify(settings, "media")
        with S3ObjectStore.open(bucket(settings), settings.s3_threads) as store:
            parts = Parts(settings, engine, store, runtime.bus)
            await serve_uploads(runtime.bus, parts)
            await serve_gallery(runtime.bus, parts)
            await serve_agents(runtime.bus, parts)
            repeat(runtime, parts)
            runtime.check("bucket", store.is_there)
            runtime.ready()
            await runtime.stop.wait()


class Parts:
    """What the handlers share."""

    def __init__(
        self, settings: MediaSettings, engine: AsyncEngine, store: S3ObjectStore, bus: Bus
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.store = store
        self.library = SqlLibrary(engine)
        self.links = SqlLinks(engine)
        self.relay = Relay(partial(driver, engine), bus)
        self.removal = SqlRemoval(engine, self.relay.nudge)
        self.grants = SignedGrants(settings.grant_secret.get_secret_value(), now)
        self.bench = partial(TemporaryDirectory, prefix="media-", dir=settings.scratch_dir)
        self.workshop = Workshop(worker_limits(settings), settings.inspections)
        self.limits = UploadLimits(
            settings.max_upload_bytes,
            Bounds(
                settings.max_pixels,
                settings.max_frames,
                settings.max_film_frames,
                settings.max_seconds,
            ),
        )
        previews, many = SqlPreviews(engine), 2 * settings.inspections
        self.room = Darkroom(
            previews, store, self.workshop, self.bench, now, self.limits, Once[None](many)
        )


async def serve_uploads(bus: Bus, parts: Parts) -> None:
    store, library = parts.store, parts.library
    intake = Intake(
        SqlUploads(parts.engine),
        library,
        store,
        parts.workshop,
        parts.bench,
        now,
        parts.limits,
    )
    counter = Counter(library, parts.links, store, parts.room)
    await bus.serve(BeginUpload, partial(begin_upload, intake))
    await bus.serve(AcceptUpload, joined(intake, parts.settings.inspections))
    await bus.serve(FindMedia, partial(find_media, library))
    await bus.serve(LocateContent, partial(locate_content, counter))


async def serve_gallery(bus: Bus, parts: Parts) -> None:
    library, links = parts.library, parts.links
    await bus.serve(ListMedia, partial(list_media, library))
    await bus.serve(UpdateMedia, partial(update_media, library))
    await bus.serve(DeleteMedia, partial(delete_media, parts.removal, parts.store, now))
    await bus.serve(FindStorage, partial(find_storage, library))
    await bus.serve(ShareMedia, partial(share_media, library, links, now))
    await bus.serve(ListLinks, partial(list_links, library, links, now))
    await bus.serve(RevokeLink, partial(revoke_link, library, links))


async def serve_agents(bus: Bus, parts: Parts) -> None:
    grants, store, results = parts.grants, parts.store, SqlResults(parts.engine)
    names = parts.settings.name_secret.get_secret_value()
    tray = Intray(
        grants,
        results,
        store,
        parts.workshop,
        parts.bench,
        now,
        MOST_BARE_BYTES,
        Once(RECORDINGS),
    )
    await bus.serve(StageInputs, partial(stage_inputs, grants, parts.library, store, names))
    await bus.serve(OpenResults, partial(open_results, grants, store))
    await bus.serve(RecordResults, partial(record_results, tray))
    await bus.serve(FindResults, partial(find_results, grants, results))


def repeat(runtime: Runtime, parts: Parts) -> None:
    """What is done again and again, by every replica: each skips what another has done."""
    settings, store = parts.settings, parts.store
    ages = Ages(days(settings.keep_results_days), days(settings.keep_uploads_days))
    ticks: dict[str, tuple[float, Callable[[], Awaitable[None]]]] = {
        "prepare": (PREPARE_SECONDS, partial(prepare_waiting, parts.room)),
        "sweep": (SWEEP_SECONDS, partial(sweep, parts.removal, store, now, ages)),
        "collect": (
            COLLECT_SECONDS,
            partial(collect_orphans, SqlOrphans(parts.engine), store, now),
        ),
    }
    runtime.spawn(parts.relay.run(), name="outbox")
    runtime.add_warning(parts.relay.warning)
    for name, (seconds, work) in ticks.items():
        runtime.spawn(every(seconds, work, name=name), name=name)


def bucket(settings: MediaSettings) -> Bucket:
    return Bucket(
        settings.s3_endpoint,
        settings.s3_access_key,
        settings.s3_secret_key.get_secret_value(),
        settings.s3_bucket,
        settings.s3_region,
        settings.s3_secure,
        settings.s3_ca_file,
        settings.s3_virtual_host,
        settings.s3_public_url,
    )


def worker_limits(settings: MediaSettings) -> WorkerLimits:
    return WorkerLimits(
        settings.inspection_memory_bytes,
        settings.inspection_cpu_seconds,
        settings.inspection_wall_seconds,
    )


def joined(intake: Intake, inspections: int) -> Callable[[AcceptUpload], Awaitable[MediaView]]:
    """Accept uploads, each once at a time however often it is asked for."""
    # More than are inspected, so that the store is busy meanwhile; it bounds the scratch folder.
    once = Once[MediaView](2 * inspections)

    async def accept(command: AcceptUpload) -> MediaView:
        key = (command.actor.user_id, command.media_id)
        return await once.run(key, partial(accept_upload, intake, command))

    return accept

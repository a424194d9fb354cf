"""Media, put together."""

from collections.abc import Awaitable, Callable
from functools import partial
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.media import (
    AcceptUpload,
    BeginUpload,
    FindMedia,
    FindResults,
    LocateContent,
    MediaView,
    OpenResults,
    RecordResults,
    StageInputs,
)
from media.adapters.grants import SignedGrants
from media.adapters.inspector import ProcessInspector, WorkerLimits
from media.adapters.s3 import Bucket, S3ObjectStore
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.orphans import SqlOrphans
from media.adapters.sql.results import SqlResults
from media.adapters.sql.uploads import SqlUploads
from media.handlers.attempts import find_results, open_results, record_results, stage_inputs
from media.handlers.collecting import collect_orphans
from media.handlers.content import find_media, locate_content
from media.handlers.once import Once
from media.handlers.uploads import Intake, UploadLimits, accept_upload, begin_upload
from media.settings import MediaSettings
from runtime.clock import now
from runtime.database import database
from runtime.schema import verify
from runtime.service import running
from runtime.ticking import every

COLLECT_SECONDS = 3600.0


async def run(settings: MediaSettings) -> None:
    """Serve until told to stop."""
    async with database(settings) as engine, running(settings, "media") as runtime:
        await verify(engine, "media")
        with S3ObjectStore.open(bucket(settings), settings.s3_threads) as store:
            library, results = SqlLibrary(engine), SqlResults(engine)
            grants = SignedGrants(settings.grant_secret.get_secret_value(), now)
            names = settings.name_secret.get_secret_value()
            intake = intake_of(settings, engine, store)

            bus = runtime.bus
            await bus.serve(BeginUpload, partial(begin_upload, intake))
            await bus.serve(AcceptUpload, joined(intake, settings.inspections))
            await bus.serve(FindMedia, partial(find_media, library))
            await bus.serve(LocateContent, partial(locate_content, library, store))
            await bus.serve(StageInputs, partial(stage_inputs, grants, library, store, names))
            await bus.serve(OpenResults, partial(open_results, grants, store))
            await bus.serve(RecordResults, partial(record_results, grants, results, store, now))
            await bus.serve(FindResults, partial(find_results, grants, results))

            collect = partial(collect_orphans, SqlOrphans(engine), store, now)
            runtime.spawn(every(COLLECT_SECONDS, collect, name="collect"), name="collect")
            runtime.check("bucket", store.is_there)
            runtime.ready()
            await runtime.stop.wait()


def bucket(settings: MediaSettings) -> Bucket:
    return Bucket(
        settings.s3_endpoint,
        settings.s3_access_key,
        settings.s3_secret_key.get_secret_value(),
        settings.s3_bucket,
        settings.s3_region,
        settings.s3_secure,
    )


def intake_of(settings: MediaSettings, engine: AsyncEngine, store: S3ObjectStore) -> Intake:
    worker = WorkerLimits(
        settings.inspection_memory_bytes,
        settings.inspection_cpu_seconds,
        settings.inspection_wall_seconds,
    )
    return Intake(
        SqlUploads(engine),
        SqlLibrary(engine),
        store,
        ProcessInspector(worker, settings.inspections),
        partial(TemporaryDirectory, prefix="media-", dir=settings.scratch_dir),
        now,
        UploadLimits(settings.max_upload_bytes, settings.max_pixels, settings.max_frames),
    )


def joined(intake: Intake, inspections: int) -> Callable[[AcceptUpload], Awaitable[MediaView]]:
    """Accept uploads, each once at a time however often it is asked for."""
    # More than are inspected, so that the store is busy meanwhile; it bounds the scratch folder.
    once = Once[MediaView](2 * inspections)

    async def accept(command: AcceptUpload) -> MediaView:
        key = (command.actor.user_id, command.media_id)
        return await once.run(key, partial(accept_upload, intake, command))

    return accept

"""Lists what media answers and repeats, and builds the service from its settings."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.media.attempts import FindInputFiles, FindResults, RecordResults, SignResultUrls
from contracts.media.files import AcceptUpload, BeginUpload, FindMedia, LocateContent
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    ListLinks,
    ListMedia,
    RevokeLink,
    ShareMedia,
    UpdateMedia,
)
from media.adapters.s3 import S3Bucket, S3ObjectStore
from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.adapters.sql.deletions import SqlDeletions
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.previews import SqlPreviews
from media.adapters.sql.results import SqlResults
from media.adapters.sql.uploads import SqlUploads
from media.domain.inspection import Bounds
from media.domain.records import RetentionAges
from media.handlers.attempts import find_input_files, find_results, sign_result_urls
from media.handlers.content import find_media, locate_content
from media.handlers.deletion import delete_expired, delete_media, delete_orphans
from media.handlers.gallery import find_storage, list_media, update_media
from media.handlers.links import list_links, revoke_link, share_media
from media.handlers.previews import prepare_previews
from media.handlers.results import record_results
from media.handlers.uploads import accept_upload, begin_upload
from media.service import Media, SingleFlight
from media.settings import MediaSettings
from runtime.clock import now
from runtime.outbox.relay import Relay, start_relay
from runtime.postgres.engine import database, driver
from runtime.postgres.schema import verify
from runtime.process.service import running
from runtime.process.tables import AnswerTable, TickTable, serve, start_ticks

ANSWERS: AnswerTable[Media] = {
    BeginUpload: begin_upload,
    AcceptUpload: accept_upload,
    FindMedia: find_media,
    LocateContent: locate_content,
    ListMedia: list_media,
    UpdateMedia: update_media,
    DeleteMedia: delete_media,
    FindStorage: find_storage,
    ShareMedia: share_media,
    ListLinks: list_links,
    RevokeLink: revoke_link,
    FindInputFiles: find_input_files,
    SignResultUrls: sign_result_urls,
    RecordResults: record_results,
    FindResults: find_results,
}
TICKS: TickTable[Media] = {prepare_previews: 1.0, delete_expired: 60.0, delete_orphans: 3600.0}
"""Every replica runs each tick; a replica skips the work that another one has done."""
RECORDINGS = 16


def build(
    settings: MediaSettings, engine: AsyncEngine, store: S3ObjectStore, relay: Relay
) -> Media:
    # More than are inspected, so that S3 is busy meanwhile; it bounds the scratch folder too.
    transfers = 2 * settings.inspections
    return Media(
        store=store,
        sandbox=ProcessSandbox(worker_limits(settings), settings.inspections),
        uploads=SqlUploads(engine),
        library=SqlLibrary(engine),
        deletions=SqlDeletions(engine, relay.nudge),
        previews=SqlPreviews(engine),
        results=SqlResults(engine),
        clock=now,
        bounds=Bounds(
            settings.max_pixels,
            settings.max_frames,
            settings.max_film_frames,
            settings.max_seconds,
        ),
        max_upload_bytes=settings.max_upload_bytes,
        retention=RetentionAges(
            results=days(settings.keep_results_days), uploads=days(settings.keep_uploads_days)
        ),
        grant_secret=settings.grant_secret.get_secret_value(),
        name_secret=settings.name_secret.get_secret_value(),
        scratch_dir=settings.scratch_dir,
        acceptances=SingleFlight(transfers),
        recordings=SingleFlight(RECORDINGS),
        preparations=SingleFlight(transfers),
    )


async def run(settings: MediaSettings) -> None:
    """Serve until told to stop."""
    async with database(settings) as engine, running(settings, "media") as runtime:
        await verify(settings, "media")
        with S3ObjectStore.open(bucket(settings), settings.s3_threads) as store:
            relay = start_relay(runtime, lambda: driver(engine))
            media = build(settings, engine, store, relay)
            await serve(runtime.bus, media, ANSWERS)
            start_ticks(runtime, media, TICKS)
            runtime.health.checks["bucket"] = store.is_there
            runtime.ready()
            await runtime.stop.wait()


def bucket(settings: MediaSettings) -> S3Bucket:
    return S3Bucket(
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


def days(number: int) -> timedelta | None:
    """Return the age; 0 means for ever."""
    return timedelta(days=number) if number else None

"""Media's table of contents."""

from contextlib import closing
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.media.attempts import FindInputFiles, FindResults, RecordResults, SignResultUrls
from contracts.media.files import AbandonUpload, AcceptUpload, BeginUpload, FindMedia, LocateContent
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    ListLinks,
    ListMedia,
    RevokeLink,
    ShareMedia,
    UpdateMedia,
)
from contracts.scheduler.job_events import JobDeleted
from media.adapters.s3 import S3ObjectStore
from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.adapters.sql.deletions import SqlDeletions
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.previews import SqlPreviews
from media.adapters.sql.results import SqlResults
from media.adapters.sql.uploads import SqlUploads
from media.domain.inspection import Bounds
from media.domain.records import RetentionAges
from media.handlers import attempts, content, deletion, library, previews, uploads
from media.service import Media, SingleFlight
from media.settings import MediaSettings
from runtime.clock import now
from runtime.outbox.relay import Relay
from runtime.process.tables import AnswerTable, SubscriptionTable, TickTable, serve, start_ticks
from runtime.stateful import running_with_state

ANSWERS: AnswerTable[Media] = {
    BeginUpload: uploads.begin_upload,
    AbandonUpload: uploads.abandon_upload,
    AcceptUpload: uploads.accept_upload,
    FindMedia: content.find_media,
    LocateContent: content.locate_content,
    ListMedia: library.list_media,
    UpdateMedia: library.update_media,
    DeleteMedia: deletion.delete_media,
    FindStorage: library.find_storage,
    ShareMedia: library.share_media,
    ListLinks: library.list_links,
    RevokeLink: library.revoke_link,
    FindInputFiles: attempts.find_input_files,
    SignResultUrls: attempts.sign_result_urls,
    RecordResults: attempts.record_results,
    FindResults: attempts.find_results,
}
SUBSCRIPTIONS: SubscriptionTable[Media] = {JobDeleted: deletion.delete_results}
TICKS: TickTable[Media] = {
    previews.prepare_previews: 1.0,
    deletion.delete_expired: 60.0,
    deletion.delete_orphans: 3600.0,
    deletion.delete_scratch: 600.0,
}
"""Every replica runs each tick; a replica skips the work that another one has done."""
RECORDINGS = 16


def build(
    settings: MediaSettings, engine: AsyncEngine, relay: Relay, store: S3ObjectStore
) -> Media:
    # More than are inspected, so that S3 is busy meanwhile; it bounds the scratch folder too.
    transfers = 2 * settings.inspections
    limits = WorkerLimits(
        settings.inspection_memory_bytes,
        settings.inspection_cpu_seconds,
        settings.inspection_wall_seconds,
    )
    return Media(
        store=store,
        sandbox=ProcessSandbox(limits, settings.inspections),
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
    with closing(S3ObjectStore(settings)) as store:  # closed after the tasks that use it
        async with running_with_state(settings, "media") as (runtime, engine, relay):
            runtime.health.checks["bucket"] = store.is_there
            media = build(settings, engine, relay, store)
            await serve(runtime.bus, media, ANSWERS, SUBSCRIPTIONS)
            start_ticks(runtime, media, TICKS)
            await runtime.until_stopped()


def days(number: float) -> timedelta | None:
    """Return the age; 0 means for ever."""
    return timedelta(days=number) if number else None

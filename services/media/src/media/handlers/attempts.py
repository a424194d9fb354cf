"""Handles requests of agents for the input files and result files of attempts, within grants.

A result is checked before it becomes a media, once, and stripped if the grant says so.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog

from contracts.errors import FieldError, InvalidError, NotFoundError, UnavailableError
from contracts.media.attempts import (
    FindInputFiles,
    FindResults,
    InputFile,
    InputFiles,
    RecordResults,
    ResultFile,
    Results,
    ResultUrls,
    SignResultUrls,
)
from contracts.scheduler.jobs import Output
from contracts.values import new_id
from media.domain import names
from media.domain.bare import REMUXED, form_of
from media.domain.inspection import FileRefusedError, InspectedFile, WorkTime
from media.domain.kinds import result_type
from media.domain.records import CheckedFile, StoredMedia
from media.handlers.deletion import discard
from media.handlers.previews import prepare_once
from media.ports import ObjectMissingError
from media.service import Media
from runtime.grants import Grant

log = structlog.get_logger()

READ_LIFETIME = timedelta(minutes=15)
WRITE_LIFETIME = timedelta(hours=1)
DIGEST = re.compile(r"[0-9a-f]{64}")
"""BLAKE3 in lower-case hex: digests end up in headers and names."""
MEASURE_SECONDS = 8.0
"""Longest wait of a job for the previews of its videos."""
BARE_SECONDS = 300.0
"""Longest work at all files of an attempt to make them bare, without waiting for anything."""
RECORD_SECONDS = 570.0
"""Longest time to make them bare with all waiting; an agent reports for ten minutes."""
MAX_BARE_BYTES = 256 * 1024**2
"""A worker has too little memory to make a larger result bare."""


async def find_input_files(media: Media, query: FindInputFiles) -> InputFiles:
    """Return names and URLs of the attempt's input files."""
    grant = media.read_grant(query.grant, query.node_id)
    found = await media.library.find(grant.media, grant.owner_id)
    if missing := set(grant.media) - {stored.view.id for stored in found}:
        raise NotFoundError(f"inputs are gone: {', '.join(map(str, missing))}")
    return InputFiles(items=[input_file(media, stored) for stored in found])


def input_file(media: Media, stored: StoredMedia) -> InputFile:
    view = stored.view
    return InputFile(
        media_id=view.id,
        name=names.staged_name(media.name_secret, view.owner_id, view.blake3, view.content_type),
        url=media.store.download_url(stored.key, READ_LIFETIME),
        content_type=view.content_type,
        size_bytes=view.size_bytes,
    )


async def sign_result_urls(media: Media, query: SignResultUrls) -> ResultUrls:
    """Return URLs for the attempt's files; the key of a file depends on its number alone."""
    grant = media.read_grant(query.grant, query.node_id)
    keys = (names.result_key(grant.owner_id, grant.attempt_id, n) for n in range(query.count))
    return ResultUrls(urls=[media.store.upload_url(key, WRITE_LIFETIME) for key in keys])


async def find_results(media: Media, query: FindResults) -> Results:
    """Return the results that the attempt recorded, for an agent that takes over its node."""
    return await media.results.find(media.read_grant(query.grant, query.node_id).attempt_id)


async def record_results(media: Media, command: RecordResults) -> Results:
    """Check that the files are in the store and make them media of the attempt's owner."""
    grant = media.read_grant(command.grant, command.node_id)
    recorded = await media.recordings.run(
        grant.attempt_id, lambda: record_once(media, grant, command.files), grant.owner_id
    )
    unmeasured = [output.media_id for output in recorded.outputs if is_unmeasured(output)]
    if not unmeasured:
        return recorded
    await measure(media, unmeasured, grant.owner_id)
    return await media.results.find(grant.attempt_id)


def is_unmeasured(output: Output) -> bool:
    return output.content_type in REMUXED and output.duration_seconds is None


async def measure(media: Media, media_ids: list[UUID], owner_id: UUID) -> None:
    """Make the previews of videos and sounds now, so that the job shows their size and length.

    A video that takes longer, or a store that is down, does not hold up the job.
    """
    try:
        async with asyncio.timeout(MEASURE_SECONDS):
            for stored in await media.library.find(media_ids, owner_id):
                view = stored.view
                if task := await media.previews.find_task(view.owner_id, view.blake3):
                    await prepare_once(media, task)
    except (TimeoutError, UnavailableError, OSError) as error:
        log.info("results_unmeasured", media_ids=media_ids, reason=str(error))


async def record_once(media: Media, grant: Grant, files: Sequence[ResultFile]) -> Results:
    if len({file.n for file in files}) != len(files):
        raise InvalidError("two result files have one number", code="result_repeated")
    if grant.is_bare and (earlier := await recorded_before(media, grant, files)):
        return earlier
    found = await asyncio.gather(*(check_file(media, grant, file) for file in files))
    results = await make_all_bare(media, grant, found) if grant.is_bare else found
    recorded = await media.results.save(grant, results, media.clock())
    replaced = {result.key for result in found} - {result.key for result in results}
    await discard(media.store, *replaced)
    return recorded


async def recorded_before(
    media: Media, grant: Grant, files: Sequence[ResultFile]
) -> Results | None:
    """Answer a repeated report, whose bare files are under other keys since the first one."""
    earlier = await media.results.find(grant.attempt_id)
    if not earlier.is_recorded or len(earlier.outputs) != len(files):
        return None
    keys = (names.result_key(grant.owner_id, grant.attempt_id, file.n) for file in files)
    await discard(media.store, *keys)
    return earlier


async def make_all_bare(
    media: Media, grant: Grant, found: Sequence[CheckedFile]
) -> list[CheckedFile]:
    """Make the files bare one by one.

    Raises UnavailableError if the store or the work at other files takes too long: that is no
    fault of these files, and their agent still has them.
    """
    time, limit = WorkTime(BARE_SECONDS), asyncio.timeout(RECORD_SECONDS)
    try:
        async with limit:
            return [await make_bare(media, grant, result, time) for result in found]
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise UnavailableError("results cannot be made bare now", retry_in=5.0) from error


async def make_bare(media: Media, grant: Grant, result: CheckedFile, time: WorkTime) -> CheckedFile:
    """Strip the embedded prompt and graph from a result if its owner must not see them.

    A result that cannot be made bare is kept whole, because GPU time was paid for it, and given
    to those alone who may read graphs. Either way its new key is one that no URL can write.
    """
    file, key = result.file, names.blob_key(grant.owner_id, new_id())
    with media.scratch_folder() as folder:
        try:
            bare = await stripped(media, result, folder, time)
        except FileRefusedError as error:
            log.warning("result_withheld", attempt_id=str(grant.attempt_id), reason=error.code)
            await media.store.copy(result.key, key)
            return replace(result, key=key, is_withheld=True)
        await media.store.put(key, folder / "target", file.content_type)
    stored = file.model_copy(update={"blake3": bare.blake3, "size_bytes": bare.size_bytes})
    return replace(result, key=key, file=stored, is_verified=True)


async def stripped(
    media: Media, result: CheckedFile, folder: Path, time: WorkTime
) -> InspectedFile:
    if not result.can_be_bare:
        raise FileRefusedError("unknown_type", "Files of this type cannot be made bare.")
    await media.store.fetch(result.key, folder / "source", MAX_BARE_BYTES)
    return await media.sandbox.strip(folder, time)


async def check_file(media: Media, grant: Grant, file: ResultFile) -> CheckedFile:
    """Compare the reported file with its object, and take the type from its first bytes."""
    if not DIGEST.fullmatch(file.blake3):
        raise bad_file(file.n, "result_digest", "has no BLAKE3 digest in hex")
    key = names.result_key(grant.owner_id, grant.attempt_id, file.n)
    try:
        size, head = await media.store.peek(key)
    except ObjectMissingError as error:
        raise bad_file(file.n, "result_missing", "was not put") from error
    if size != file.size_bytes:
        raise bad_file(file.n, "result_size", f"has {size} bytes, not {file.size_bytes}")
    filename = names.display_name(file.filename) or str(file.n)
    content_type = result_type(file.kind, head)
    checked = file.model_copy(update={"filename": filename, "content_type": content_type})
    return CheckedFile(new_id(), key, checked, can_be_bare=form_of(head) is not None)


def bad_file(n: int, code: str, problem: str) -> InvalidError:
    message = f"Result file {n} {problem}."
    return InvalidError(
        message, code=code, errors=[FieldError(path=f"files.{n}", code=code, message=message)]
    )

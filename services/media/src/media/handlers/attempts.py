"""Handles requests of agents for input files and result files, within their grants."""

from datetime import timedelta

from contracts.errors import NotFoundError
from contracts.media.attempts import (
    FindInputFiles,
    FindResults,
    InputFile,
    InputFiles,
    Results,
    ResultUrls,
    SignResultUrls,
)
from media.domain import names
from media.domain.records import StoredMedia
from media.service import Media
from runtime.grants import Grant

READ_LIFETIME = timedelta(minutes=15)
WRITE_LIFETIME = timedelta(hours=1)


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
    return await recorded_results(media, media.read_grant(query.grant, query.node_id))


async def recorded_results(media: Media, grant: Grant) -> Results:
    recorded = await media.results.find(grant.attempt_id)
    if recorded is None:
        return Results(outputs=[], is_recorded=False)
    return Results(outputs=[recorded[n] for n in sorted(recorded)], is_recorded=True)

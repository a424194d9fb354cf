"""What an agent may read and write for the attempt it runs: as its grant says, nothing else."""

from datetime import timedelta

from contracts.errors import NotFoundError
from contracts.media.attempts import (
    FindResults,
    InputFile,
    InputFiles,
    OpenResults,
    Results,
    ResultTargets,
    StageInputs,
)
from media import ports
from media.domain import names
from media.domain.rights import Rights
from media.ports import Grants, Library, ObjectStore

READ_LIFETIME = timedelta(minutes=15)
WRITE_LIFETIME = timedelta(hours=1)


async def stage_inputs(
    grants: Grants, library: Library, store: ObjectStore, name_secret: str, query: StageInputs
) -> InputFiles:
    """Name the attempt's input files and say where their bytes lie."""
    rights = grants.admit(query.grant, query.node_id)
    found = await library.find(rights.media, rights.owner_id)
    if missing := set(rights.media) - {kept.view.id for kept in found}:
        raise NotFoundError(f"inputs are gone: {', '.join(map(str, missing))}")
    return InputFiles(
        items=[
            InputFile(
                media_id=kept.view.id,
                name=names.staged_name(
                    name_secret, rights.owner_id, kept.view.blake3, kept.view.content_type
                ),
                url=store.download_url(kept.key, READ_LIFETIME),
                content_type=kept.view.content_type,
                size_bytes=kept.view.size_bytes,
            )
            for kept in found
        ]
    )


async def open_results(grants: Grants, store: ObjectStore, query: OpenResults) -> ResultTargets:
    """Give the agent places for the attempt's files; where they are is a matter of number."""
    rights = grants.admit(query.grant, query.node_id)
    keys = (names.result_key(rights.owner_id, rights.attempt_id, n) for n in range(query.count))
    return ResultTargets(urls=[store.upload_url(key, WRITE_LIFETIME) for key in keys])


async def find_results(grants: Grants, results: ports.Results, query: FindResults) -> Results:
    """Say what the attempt recorded, to an agent that adopts its node."""
    return await recorded_results(results, grants.admit(query.grant, query.node_id))


async def recorded_results(results: ports.Results, rights: Rights) -> Results:
    recorded = await results.find(rights.attempt_id)
    if recorded is None:
        return Results(outputs=[], is_recorded=False)
    return Results(outputs=[recorded[n] for n in sorted(recorded)], is_recorded=True)

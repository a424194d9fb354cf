"""What an agent may read and write for the attempt it runs: as its grant says, nothing else."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from contracts.errors import FieldError, InvalidError, NotFoundError
from contracts.ids import new_id
from contracts.media import (
    FindResults,
    InputFile,
    InputFiles,
    OpenResults,
    RecordResults,
    ResultFile,
    Results,
    ResultTargets,
    StageInputs,
)
from media import ports
from media.domain import names
from media.domain.records import Result
from media.domain.rights import Rights
from media.domain.sniff import is_digest, result_type
from media.ports import Clock, Grants, Library, ObjectMissingError, ObjectStore

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
    keys = (key_of(rights, n) for n in range(query.count))
    return ResultTargets(urls=[store.upload_url(key, WRITE_LIFETIME) for key in keys])


async def record_results(
    grants: Grants,
    results: ports.Results,
    store: ObjectStore,
    clock: Clock,
    command: RecordResults,
) -> Results:
    """Check that the files are in place and make them media of the attempt's owner."""
    rights = grants.admit(command.grant, command.node_id)
    recorded = await results.find(rights.attempt_id)
    new = [file for file in command.files if file.n not in (recorded or {})]
    if recorded is None or new:
        refuse_repeated_numbers(command.files)
        found = await asyncio.gather(*(find_file(store, rights, file) for file in new))
        await results.record(rights, found, clock())
    return await recorded_results(results, rights)


async def find_results(grants: Grants, results: ports.Results, query: FindResults) -> Results:
    """Say what the attempt recorded, to an agent that adopts its node."""
    return await recorded_results(results, grants.admit(query.grant, query.node_id))


async def recorded_results(results: ports.Results, rights: Rights) -> Results:
    recorded = await results.find(rights.attempt_id)
    if recorded is None:
        return Results(outputs=[], is_recorded=False)
    return Results(outputs=[recorded[n] for n in sorted(recorded)], is_recorded=True)


async def find_file(store: ObjectStore, rights: Rights, file: ResultFile) -> Result:
    """Look at the object itself: its size must be the one told, its type is what it begins with."""
    if not is_digest(file.blake3):
        raise misplaced(file, "result_digest", "has no BLAKE3 digest in hex")
    key = key_of(rights, file.n)
    try:
        size, head = await store.peek(key)
    except ObjectMissingError as error:
        raise misplaced(file, "result_missing", "was not put") from error
    if size != file.size_bytes:
        raise misplaced(file, "result_size", f"has {size} bytes, not {file.size_bytes}")
    return Result(
        media_id=new_id(),
        n=file.n,
        output=file.output,
        index=file.index,
        kind=file.kind,
        filename=names.display_name(file.filename) or str(file.n),
        key=key,
        blake3=file.blake3,
        content_type=result_type(file.kind, head),
        size_bytes=size,
        width=file.width,
        height=file.height,
    )


def key_of(rights: Rights, n: int) -> str:
    return names.result_key(rights.owner_id, rights.attempt_id, n)


def refuse_repeated_numbers(files: Sequence[ResultFile]) -> None:
    if len({file.n for file in files}) != len(files):
        raise InvalidError("two result files have one number", code="result_repeated")


def misplaced(file: ResultFile, code: str, what: str) -> InvalidError:
    message = f"Result file {file.n} {what}."
    return InvalidError(
        message, code=code, errors=[FieldError(path=f"files.{file.n}", code=code, message=message)]
    )

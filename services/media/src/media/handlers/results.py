"""What attempts made becomes media: checked, made bare where that is the rule, recorded once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from contracts.errors import FieldError, InvalidError
from contracts.media.attempts import RecordResults, ResultFile, Results
from contracts.values import new_id
from media import ports
from media.domain import names
from media.domain.bare import CAN_BE_BARE
from media.domain.inspection import RefusedError
from media.domain.records import Result
from media.domain.rights import Rights
from media.domain.sniff import is_digest, result_type
from media.handlers.attempts import recorded_results
from media.handlers.once import Once
from media.handlers.uploads import discard
from media.ports import Bench, Clock, Grants, ObjectMissingError, ObjectStore, Workshop

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Intray:
    """All that recording results needs."""

    grants: Grants
    results: ports.Results
    store: ObjectStore
    workshop: Workshop
    bench: Bench
    clock: Clock
    max_bare_bytes: int
    once: Once[Results]


async def record_results(tray: Intray, command: RecordResults) -> Results:
    """Check that the files are in place and make them media of the attempt's owner."""
    rights = tray.grants.admit(command.grant, command.node_id)
    return await tray.once.run(rights.attempt_id, lambda: record(tray, rights, command.files))


async def record(tray: Intray, rights: Rights, files: Sequence[ResultFile]) -> Results:
    refuse_repeated_numbers(files)
    if rights.is_bare and (earlier := await recorded_before(tray, rights, files)):
        return earlier
    found = await asyncio.gather(*(find_file(tray.store, rights, file) for file in files))
    kept = [await made_bare(tray, rights, result) for result in found]
    recorded = await tray.results.record(rights, kept, tray.clock())
    left = {result.key for result in found} - {result.key for result in kept}
    await discard(tray.store, *left)
    return Results(outputs=[recorded[n] for n in sorted(recorded)], is_recorded=True)


async def recorded_before(
    tray: Intray, rights: Rights, files: Sequence[ResultFile]
) -> Results | None:
    """Answer a report that comes again: what was made bare the first time lies elsewhere now."""
    earlier = await recorded_results(tray.results, rights)
    if not earlier.is_recorded or len(earlier.outputs) != len(files):
        return None
    in_order = zip(sorted(file.n for file in files), earlier.outputs, strict=True)
    moved = (n for n, output in in_order if output.content_type in CAN_BE_BARE)
    left = (names.result_key(rights.owner_id, rights.attempt_id, n) for n in moved)
    await discard(tray.store, *left)
    return earlier


async def made_bare(tray: Intray, rights: Rights, result: Result) -> Result:
    """Take prompt and graph out of a result whose owner is not to see them, if it has a place."""
    if not rights.is_bare or result.content_type not in CAN_BE_BARE:
        return result
    with tray.bench() as bench:
        folder = Path(bench)
        try:
            await tray.store.fetch(result.key, folder / "source", tray.max_bare_bytes)
            finding = await tray.workshop.strip(folder)
        except RefusedError as error:
            raise misplaced(result.n, "result_not_bare", f"is refused: {error.code}") from error
        key = names.blob_key(rights.owner_id, new_id())
        await tray.store.put(key, folder / "target", finding.content_type)
    return replace(
        result,
        key=key,
        blake3=finding.blake3,
        size_bytes=finding.size_bytes,
        is_verified=True,
    )


async def find_file(store: ObjectStore, rights: Rights, file: ResultFile) -> Result:
    """Look at the object itself: its size must be the one told, its type is what it begins with."""
    if not is_digest(file.blake3):
        raise misplaced(file.n, "result_digest", "has no BLAKE3 digest in hex")
    key = names.result_key(rights.owner_id, rights.attempt_id, file.n)
    try:
        size, head = await store.peek(key)
    except ObjectMissingError as error:
        raise misplaced(file.n, "result_missing", "was not put") from error
    if size != file.size_bytes:
        raise misplaced(file.n, "result_size", f"has {size} bytes, not {file.size_bytes}")
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


def refuse_repeated_numbers(files: Sequence[ResultFile]) -> None:
    if len({file.n for file in files}) != len(files):
        raise InvalidError("two result files have one number", code="result_repeated")


def misplaced(n: int, code: str, what: str) -> InvalidError:
    message = f"Result file {n} {what}."
    return InvalidError(
        message, code=code, errors=[FieldError(path=f"files.{n}", code=code, message=message)]
    )

"""Moves results from the engine to the object store, and records them as media of the owner."""

import asyncio
from collections.abc import Sequence
from tempfile import SpooledTemporaryFile
from typing import IO

from contracts.agent import Cause
from contracts.errors import OperationError
from contracts.media.attempts import RecordResults, ResultFile, ResultUrls, SignResultUrls
from contracts.media.files import MediaKind
from contracts.scheduler.jobs import Output
from node_agent.domain.endings import failure
from node_agent.handlers.inputs import MOST_IN_MEMORY, PREFIX
from node_agent.handlers.retry import retried
from node_agent.ports import ObjectStore, Result, UnreachableError, UrlRefusedError
from node_agent.service import Attempt, Claim

MOST_FILES = 200
UPLOAD_SECONDS = 600.0


async def collect(claim: Claim, attempt: Attempt, found: Sequence[Result]) -> list[Output]:
    """Return the recorded outputs; raise Ended if they cannot be had."""
    if not found:
        raise failure(Cause.WORKFLOW, "no_outputs", "The graph ran and made none of its outputs.")
    if len(found) > MOST_FILES:
        text = f"The graph made {len(found)} files; {MOST_FILES} are the most."
        raise failure(Cause.WORKFLOW, "too_many_outputs", text)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await bring_home(claim, attempt.order.grant, found)
    except UnreachableError as error:
        text = f"The engine {error.message}."
        raise failure(Cause.OUTPUT, "outputs_not_stored", text) from error
    except (OperationError, TimeoutError) as error:
        text = str(error) or "The results could not be stored in time."
        raise failure(Cause.OUTPUT, "outputs_not_stored", text) from error


class Targets:
    """URLs for results: asked for while the first file comes, and anew if the store refuses."""

    def __init__(self, claim: Claim, grant: str, count: int) -> None:
        self._bus = claim.agent.bus
        self._request = SignResultUrls(node_id=claim.id, grant=grant, count=count)
        self._asking = asyncio.create_task(self._ask())

    async def url(self, n: int) -> str:
        return (await self._asking).urls[n]

    def renew(self) -> None:
        self.close()
        self._asking = asyncio.create_task(self._ask())

    def close(self) -> None:
        self._asking.cancel()

    async def _ask(self) -> ResultUrls:
        return await retried(lambda: self._bus.call(self._request), within=UPLOAD_SECONDS)


async def bring_home(claim: Claim, grant: str, found: Sequence[Result]) -> list[Output]:
    targets = Targets(claim, grant, len(found))
    try:
        files = [await bring(claim, n, result, targets) for n, result in enumerate(found)]
    finally:
        targets.close()
    record = RecordResults(node_id=claim.id, grant=grant, files=files)
    recorded = await retried(lambda: claim.agent.bus.call(record), within=UPLOAD_SECONDS)
    return recorded.outputs


async def bring(claim: Claim, n: int, result: Result, targets: Targets) -> ResultFile:
    """Download, inspect and upload one file.

    The engine keeps it, so a full disk here is waited for, like an engine that is away.
    """
    agent = claim.agent
    with SpooledTemporaryFile(MOST_IN_MEMORY, prefix=PREFIX) as file:
        await retried(
            lambda: claim.engine.download(result, file, agent.most_output_bytes),
            within=UPLOAD_SECONDS,
        )
        facts = await agent.files.inspect(file)
        content_type = result.content_type or facts.content_type
        record = ResultFile(
            n=n,
            output=result.output,
            index=result.index,
            kind=result.kind or kind_of(content_type),
            filename=result.filename,
            content_type=content_type,
            size_bytes=facts.size_bytes,
            blake3=facts.blake3,
            width=facts.width,
            height=facts.height,
        )
        await retried(lambda: put(agent.store, record, file, targets), within=UPLOAD_SECONDS)
    return record


async def put(store: ObjectStore, record: ResultFile, file: IO[bytes], targets: Targets) -> None:
    try:
        url = await targets.url(record.n)
        await store.put(url, file, record.content_type, record.size_bytes)
    except UrlRefusedError:
        targets.renew()
        raise


def kind_of(content_type: str) -> MediaKind:
    match content_type.partition("/")[0]:
        case "image" | "video" | "audio" | "text" as family:
            return family
        case _:
            return "file"

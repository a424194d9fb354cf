"""Moves results from the engine to the object store, and records them as media of the owner."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from tempfile import SpooledTemporaryFile
from typing import IO

import structlog

from contracts.agent import Cause
from contracts.errors import InvalidError, OperationError
from contracts.media.attempts import RecordResults, ResultFile, ResultUrls, SignResultUrls
from contracts.media.files import MediaKind
from contracts.scheduler.jobs import Output
from node_agent.domain.endings import failed_error
from node_agent.handlers.files import inspect
from node_agent.handlers.inputs import MAX_IN_MEMORY, PREFIX
from node_agent.handlers.retry import retried
from node_agent.ports import EngineFile, ObjectStore, UnreachableError, UrlRefusedError, Version
from node_agent.service import Attempt, Claim
from workflows.graph.graph import class_of

log = structlog.get_logger()
MAX_FILES = 200
LONGEST_TEXT = 500
UPLOAD_SECONDS = 600.0


async def store_results(
    claim: Claim, attempt: Attempt, version: Version, found: Sequence[EngineFile]
) -> list[Output]:
    """Return the recorded outputs. Raises AttemptEndedError if they cannot be stored."""
    empty = empty_outputs(version, found)
    if not found:
        text = f"The graph ran and made none of its outputs: {', '.join(empty)}."
        raise failed_error(Cause.WORKFLOW, "no_outputs", text[:LONGEST_TEXT])
    if empty:
        log.info("outputs_empty", outputs=empty)
    if len(found) > MAX_FILES:
        text = f"The graph made {len(found)} files; {MAX_FILES} are the most."
        raise failed_error(Cause.WORKFLOW, "too_many_outputs", text)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await transfer_all(claim, attempt.order.grant, found)
    except InvalidError as error:
        # the next run would make the same files, so it would only cost GPU time
        raise failed_error(Cause.WORKFLOW, "outputs_refused", error.message) from error
    except (OperationError, TimeoutError) as error:
        text = str(error) or "The results could not be stored in time."
        text = f"The engine {text}." if isinstance(error, UnreachableError) else text
        raise failed_error(Cause.OUTPUT, "outputs_not_stored", text) from error


def empty_outputs(version: Version, found: Sequence[EngineFile]) -> list[str]:
    """Return the declared outputs for which nothing was made, each with its graph node."""
    made = {file.output for file in found}
    return [
        f"{name} (graph node {output.node}, {class_of(version.graph[output.node])})"
        for name, output in version.spec.outputs_in_order
        if name not in made
    ]


class Targets:
    """URLs for results, requested beside the first download, and again if the store refuses one."""

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


async def transfer_all(claim: Claim, grant: str, found: Sequence[EngineFile]) -> list[Output]:
    targets = Targets(claim, grant, len(found))
    try:
        files = [await transfer(claim, n, source, targets) for n, source in enumerate(found)]
    finally:
        targets.close()
    command = RecordResults(node_id=claim.id, grant=grant, files=files)
    recorded = await retried(lambda: claim.agent.bus.call(command), within=UPLOAD_SECONDS)
    return recorded.outputs


async def transfer(claim: Claim, n: int, source: EngineFile, targets: Targets) -> ResultFile:
    """Download, inspect and upload one file.

    The engine keeps the file, so a full disk or a silent engine is only a reason to wait.
    """
    agent = claim.agent
    with SpooledTemporaryFile(MAX_IN_MEMORY, prefix=PREFIX) as content:
        await retried(
            lambda: claim.engine.download(source, content, agent.max_output_bytes),
            within=UPLOAD_SECONDS,
        )
        info = await asyncio.to_thread(inspect, content, source.content_type)
        file = ResultFile(
            n=n,
            output=source.output,
            index=source.index,
            kind=source.kind or kind_of(info.content_type),
            filename=source.filename,
            **asdict(info),
        )
        await retried(lambda: upload(agent.store, file, content, targets), within=UPLOAD_SECONDS)
    return file


async def upload(
    store: ObjectStore, file: ResultFile, content: IO[bytes], targets: Targets
) -> None:
    try:
        url = await targets.url(file.n)
        await store.put(url, content, file.content_type, file.size_bytes)
    except UrlRefusedError:
        targets.renew()
        raise


def kind_of(content_type: str) -> MediaKind:
    match content_type.partition("/")[0]:
        case "image" | "video" | "audio" | "text" as family:
            return family
        case _:
            return "file"

"""Results: from ComfyUI's folder to the object store, then recorded as media of the owner."""

import asyncio
from collections.abc import Sequence
from typing import IO, Any

from contracts.agent import Cause
from contracts.errors import OperationError
from contracts.media.attempts import OpenResults, RecordResults, ResultFile, ResultTargets
from contracts.media.files import MediaKind
from contracts.scheduler.jobs import Output
from node_agent.domain.outcome import Succeeded, verdict
from node_agent.domain.outputs import MOST_FILES, OutputFile, Result, results, sources
from node_agent.handlers.ending import failure, patiently
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.parcel import parcel
from node_agent.handlers.prepare import prefix_of
from node_agent.ports import UnreachableError, UrlRefusedError, Version


async def collect(
    node: Node, attempt: Attempt, version: Version, entry: dict[str, Any]
) -> list[Output]:
    """The recorded outputs; raises Ended if they cannot be had."""
    outcome = verdict(entry)
    produced = outcome if isinstance(outcome, Succeeded) else Succeeded({}, {})
    wanted = sources(version.spec, produced.outputs)
    found = results(wanted, produced.outputs, produced.meta, prefix_of(attempt))
    if not found:
        raise failure(Cause.WORKFLOW, "no_outputs", "The graph ran and made none of its outputs.")
    if len(found) > MOST_FILES:
        text = f"The graph made {len(found)} files; {MOST_FILES} are the most."
        raise failure(Cause.WORKFLOW, "too_many_outputs", text)
    try:
        async with asyncio.timeout(node.tools.tuning.upload_seconds):
            return await bring_home(node, attempt.order.grant, found)
    except UnreachableError as error:
        raise failure(Cause.OUTPUT, "outputs_not_stored", f"ComfyUI {error.message}.") from error
    except (OperationError, TimeoutError) as error:
        text = str(error) or "The results could not be stored in time."
        raise failure(Cause.OUTPUT, "outputs_not_stored", text) from error


class Targets:
    """Where results may be put: asked for while the first file comes, and anew if refused."""

    def __init__(self, node: Node, grant: str, count: int) -> None:
        self._node = node
        self._request = OpenResults(node_id=node.id, grant=grant, count=count)
        self._asking = asyncio.create_task(self._ask())

    async def url(self, n: int) -> str:
        return (await self._asking).urls[n]

    def renew(self) -> None:
        self.close()
        self._asking = asyncio.create_task(self._ask())

    def close(self) -> None:
        self._asking.cancel()

    async def _ask(self) -> ResultTargets:
        tools = self._node.tools
        return await patiently(
            lambda: tools.calls.call(self._request),
            tools.tuning,
            within=tools.tuning.upload_seconds,
        )


async def bring_home(node: Node, grant: str, found: Sequence[Result]) -> list[Output]:
    tools = node.tools
    targets = Targets(node, grant, len(found))
    try:
        files = [await bring(node, n, result, targets) for n, result in enumerate(found)]
    finally:
        targets.close()
    record = RecordResults(node_id=node.id, grant=grant, files=files)
    recorded = await patiently(
        lambda: tools.calls.call(record), tools.tuning, within=tools.tuning.upload_seconds
    )
    return recorded.outputs


async def bring(node: Node, n: int, result: Result, targets: Targets) -> ResultFile:
    """One file: download, look into it, upload."""
    with parcel() as file:
        await fetch(node, result, file)
        facts = await node.tools.files.inspect(file)
        content_type = facts.content_type if isinstance(result, OutputFile) else "text/plain"
        await put(node, n, file, targets, content_type, facts.size_bytes)
    return ResultFile(
        n=n,
        output=result.output,
        index=result.index,
        kind=kind_of(result, content_type),
        filename=result.filename if isinstance(result, OutputFile) else f"{result.index}.txt",
        content_type=content_type,
        size_bytes=facts.size_bytes,
        blake3=facts.blake3,
        width=facts.width,
        height=facts.height,
    )


async def fetch(node: Node, result: Result, file: IO[bytes]) -> None:
    """ComfyUI keeps it, so a full disk here, like a ComfyUI that is away, is waited for."""
    if not isinstance(result, OutputFile):
        file.write(result.text.encode())
        return
    tuning = node.tools.tuning
    await patiently(
        lambda: node.comfy.download(result, file, tuning.most_output_bytes),
        tuning,
        within=tuning.upload_seconds,
    )


async def put(
    node: Node, n: int, file: IO[bytes], targets: Targets, content_type: str, size_bytes: int
) -> None:
    async def once() -> None:
        try:
            await node.tools.store.put(await targets.url(n), file, content_type, size_bytes)
        except UrlRefusedError:
            targets.renew()
            raise

    await patiently(once, node.tools.tuning, within=node.tools.tuning.upload_seconds)


def kind_of(result: Result, content_type: str) -> MediaKind:
    if not isinstance(result, OutputFile):
        return "text"
    if result.kind:
        return result.kind
    match content_type.partition("/")[0]:
        case "image" | "video" | "audio" | "text" as family:
            return family
        case _:
            return "file"

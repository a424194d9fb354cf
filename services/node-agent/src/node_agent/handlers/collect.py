"""Results: from ComfyUI's folder to the object store, then recorded as media of the owner."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contracts.attempts import Cause
from contracts.errors import OperationError
from contracts.jobs import Output
from contracts.media import MediaKind, OpenResults, RecordResults, ResultFile, ResultTargets
from node_agent.domain.outcome import Succeeded, verdict
from node_agent.domain.outputs import MOST_FILES, OutputFile, Result, results, sources
from node_agent.handlers.ending import failure, patiently
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.prepare import prefix_of
from node_agent.ports import Version


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
        with tempfile.TemporaryDirectory(prefix="comfyfleet-") as folder:
            async with asyncio.timeout(node.tools.tuning.upload_seconds):
                return await bring_home(node, attempt.order.grant, found, Path(folder))
    except (OperationError, TimeoutError) as error:
        text = str(error) or "The results could not be stored in time."
        raise failure(Cause.OUTPUT, "outputs_not_stored", text) from error


async def bring_home(node: Node, grant: str, found: Sequence[Result], folder: Path) -> list[Output]:
    tools = node.tools
    patience = tools.tuning.upload_seconds
    open_results = OpenResults(node_id=node.id, grant=grant, count=len(found))
    opening = asyncio.create_task(
        patiently(lambda: tools.calls.call(open_results), tools.tuning, within=patience)
    )
    try:
        files = [
            await bring(node, n, result, folder / str(n), opening) for n, result in enumerate(found)
        ]
    finally:
        opening.cancel()
    record = RecordResults(node_id=node.id, grant=grant, files=files)
    recorded = await patiently(lambda: tools.calls.call(record), tools.tuning, within=patience)
    return recorded.outputs


async def bring(
    node: Node, n: int, result: Result, path: Path, opening: asyncio.Task[ResultTargets]
) -> ResultFile:
    """One file: download, look into it, upload; where to is being asked meanwhile."""
    tools = node.tools
    if isinstance(result, OutputFile):
        await patiently(
            lambda: node.comfy.download(result, path, tools.tuning.most_output_bytes),
            tools.tuning,
            within=tools.tuning.upload_seconds,
        )
    else:
        await tools.files.write(path, result.text)
    facts = await tools.files.inspect(path)
    content_type = facts.content_type if isinstance(result, OutputFile) else "text/plain"
    url = (await opening).urls[n]
    await tools.store.put(url, path, content_type, facts.size_bytes)
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

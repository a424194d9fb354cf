"""Frees the space of files on a ComfyUI server that nobody needs any more, by emptying them.

Results are emptied once their attempt has ended, and input files a while after their last one. An
agent that died in between leaves both; the next session finds them in ComfyUI's history.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from typing import Any
from uuid import UUID

import structlog

from contracts.content_types import OCTETS
from node_agent.engines.comfyui.http import NODE_KEY
from node_agent.engines.comfyui.inputs import NAME, split
from node_agent.engines.comfyui.outputs import ReportedFile, files_in
from node_agent.engines.comfyui.outputs_ownership import lies_below
from node_agent.engines.comfyui.prompts import prefix_of
from node_agent.engines.comfyui.session import Session
from node_agent.ports import FileRefusedError, UnreachableError
from workflows.json_values import as_array, as_object

log = structlog.get_logger()
MOST_ENTRIES = 100
"""Newest entries of the history that a session looks through."""
SWEEP_SECONDS = 60.0


async def empty_unused_inputs(session: Session) -> None:
    """Empty input files that no attempt has needed for a while, until canceled."""
    seconds = session.keep_inputs_seconds
    while True:
        await asyncio.sleep(min(SWEEP_SECONDS, max(seconds, 1.0)))
        try:
            await empty_inputs(session, session.inputs.unused_for(seconds))
        except UnreachableError as error:
            log.info("inputs_not_emptied", reason=error.message)


async def empty_inputs(session: Session, paths: Sequence[str]) -> None:
    """Empty those that no prompt in the queue names, whoever posted it."""
    if not paths:
        return
    queued = inputs_in(await session.http.queued())
    for path in paths:
        file = session.inputs.files[path]
        async with file.writing:
            if file.attempts or path in queued:
                continue
            file.is_sent = False  # also if the server does not say whether it is empty now
            await empty(session, ReportedFile(*split(path), "input"))
            if not file.attempts:
                del session.inputs.files[path]


async def tidy(session: Session, live: Collection[UUID]) -> None:
    """Free what earlier sessions of the node left, as far as the newest history tells."""
    history = await session.http.newest(MOST_ENTRIES)
    queued = await session.http.queued()
    prompts = [as_object(entry).get("prompt") for entry in history.values()] + queued
    session.inputs.inherit(inputs_in([p for p in prompts if is_of(session.node_name, p)]))
    for prompt_id, entry in history.items():
        is_own = is_of(session.node_name, as_object(entry).get("prompt"))
        if is_own and prompt_id not in map(str, live):
            await empty_results(session, prompt_id, as_object(entry))


def is_of(node_name: str, prompt: object) -> bool:
    """Tell whether the node posted it. A prompt is [number, id, graph, extra data, outputs]."""
    extra_data = next(iter(as_array(prompt)[3:4]), None)
    return as_object(extra_data).get(NODE_KEY) == node_name


def inputs_in(prompts: Sequence[object]) -> set[str]:
    return set(NAME.findall(json.dumps(prompts)))


async def empty_results(session: Session, prompt_id: str, entry: Mapping[str, Any]) -> None:
    """Empty files in the attempt's own folder; ComfyUI itself deletes its temporary ones.

    A path outside that folder may be used by another prompt too, or be its input.
    """
    if session.keep_outputs:
        return
    folder = prefix_of(prompt_id)
    reports = map(as_object, as_object(entry.get("outputs")).values())
    for file in dict.fromkeys(file for report in reports for file in files_in(report)):
        if file.folder == "output" and lies_below(folder, file.subfolder):
            await empty(session, file)


async def empty(session: Session, file: ReportedFile) -> None:
    try:
        await session.http.put(file, BytesIO(), OCTETS)
    except FileRefusedError as error:  # it would be refused again
        log.info("file_not_emptied", reason=error.message)

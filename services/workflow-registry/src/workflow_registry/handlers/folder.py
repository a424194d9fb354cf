"""The folder: its workflows are stored as they change."""

import asyncio
from functools import partial

import structlog

from workflow_registry.domain.files import Files, Unsettled
from workflow_registry.domain.folder import LIBRARY, read_folder
from workflow_registry.domain.lifecycle import Change, changes
from workflow_registry.service import Registry

log = structlog.get_logger()


async def adopt_folder(registry: Registry, files: Files) -> None:
    """Make the stored workflows equal to the folder."""
    folder, library = registry.folder, files.get(LIBRARY)
    async with folder.lock:
        folder.files = files
        if not isinstance(library, Unsettled):
            folder.library = library if isinstance(library, str) else None
        # in a thread: a big graph takes a while
        content = await asyncio.to_thread(read_folder, files, folder.content, registry.rules)
        problem = content.manifest.problem
        if problem and problem != folder.content.manifest.problem:
            log.warning("manifest_refused", problem=problem)
        folder.content = content
        for change in await registry.workflows.update(partial(changes, content=content)):
            log_change(change)
        folder.is_adopted = True


def log_change(change: Change) -> None:
    workflow = change.workflow
    if workflow.problem:
        log.warning("workflow_refused", workflow=workflow.name, problem=workflow.problem)
    elif workflow.active_version is None:
        log.info("workflow_removed", workflow=workflow.name)
    else:
        log.info("workflow_activated", workflow=workflow.name, version=workflow.active_version)

"""The folder: its workflows are stored as they change."""

import asyncio
from functools import partial

import structlog

from workflow_registry.domain.files import Files, Unsettled
from workflow_registry.domain.folder import LIBRARY, FolderContent, read_folder
from workflow_registry.domain.lifecycle import Change, changes
from workflow_registry.service import Registry

log = structlog.get_logger()


async def adopt_folder(registry: Registry, files: Files) -> None:
    """Make the stored workflows equal to the folder."""
    async with registry.folder.lock:
        content = await read(registry, files)
        for change in await registry.workflows.update(partial(changes, content=content)):
            log_change(change)


async def read(registry: Registry, files: Files) -> FolderContent:
    """Read and check the workflows in a thread: a big graph takes a while."""
    folder, library = registry.folder, files.get(LIBRARY)
    folder.files = files
    if not isinstance(library, Unsettled):
        folder.library = library if isinstance(library, str) else None
    content = await asyncio.to_thread(read_folder, files, folder.content, registry.rules)
    problem = content.manifest.problem
    if problem and problem != folder.content.manifest.problem:
        log.warning("manifest_refused", problem=problem)
    folder.content = content
    return content


async def adopt_again(registry: Registry) -> None:
    """Check broken workflows again, because the fleet has other classes now."""
    if registry.folder.files is not None:
        await adopt_folder(registry, registry.folder.files)


def log_change(change: Change) -> None:
    workflow = change.workflow
    if workflow.problem:
        log.warning("workflow_refused", workflow=workflow.name, problem=workflow.problem)
    elif workflow.active_version is None:
        log.info("workflow_removed", workflow=workflow.name)
    else:
        log.info("workflow_activated", workflow=workflow.name, version=workflow.active_version)

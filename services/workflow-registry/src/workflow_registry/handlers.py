"""What the registry does when its folder changes."""

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from workflow_registry.domain.catalogue import Change, changes
from workflow_registry.domain.reading import NAME, File, Outcome, Source, misnamed, read_folder
from workflow_registry.ports import Catalogue

log = structlog.get_logger()


class Shelf:
    """The workflows of the folder as they were last read, so that only changed ones are checked."""

    def __init__(self) -> None:
        self._outcomes: dict[Source, Outcome] = {}
        self.misnamed: set[str] = set()
        """Specs that were ignored, and said to be."""

    async def read(self, files: Mapping[str, File]) -> dict[str, Outcome]:
        """The outcome of each workflow, checked in a thread: a big graph takes a while."""
        wrong = misnamed(files)
        for file in sorted(wrong - self.misnamed):
            log.warning("file_ignored", file=file, reason=f"its name is not {NAME.pattern}.yaml")
        self.misnamed = wrong
        self._outcomes = await asyncio.to_thread(read_folder, files, self._outcomes)
        return {source.name: outcome for source, outcome in self._outcomes.items()}


async def adopt_folder(catalogue: Catalogue, shelf: Shelf, files: Mapping[str, File]) -> None:
    """Make the catalogue say what the folder says."""
    found = await shelf.read(files)
    for change in await catalogue.update(partial(changes, found=found)):
        report(change)


def report(change: Change) -> None:
    workflow = change.workflow
    if workflow.problem:
        log.warning("workflow_refused", workflow=workflow.name, problem=workflow.problem)
    elif workflow.active_version is None:
        log.info("workflow_removed", workflow=workflow.name)
    else:
        log.info("workflow_activated", workflow=workflow.name, version=workflow.active_version)

"""What the registry does when its folder changes."""

import asyncio
from functools import partial

import structlog

from workflow_registry.domain.catalogue import Change, changes
from workflow_registry.domain.checking import Rules
from workflow_registry.domain.files import Files, Unsettled
from workflow_registry.domain.reading import LIBRARY, Reading, read_folder
from workflow_registry.ports import Catalogue

log = structlog.get_logger()


class Shelf:
    """The workflows of the folder as they were last read, so that only changed ones are checked."""

    def __init__(self) -> None:
        self._reading = Reading()
        self._one_at_a_time = asyncio.Lock()
        self.files: Files | None = None
        """None: the folder was not read yet."""
        self.library: str | None = None
        """The parameter library, which uploads may use as well."""

    async def adopt(self, catalogue: Catalogue, files: Files, rules: Rules) -> None:
        """Make the catalogue say what the folder says."""
        async with self._one_at_a_time:
            reading = await self.read(files, rules)
            for change in await catalogue.update(partial(changes, reading=reading)):
                report(change)

    async def read(self, files: Files, rules: Rules) -> Reading:
        """The outcome of each workflow, checked in a thread: a big graph takes a while."""
        self.files, library = files, files.get(LIBRARY)
        if not isinstance(library, Unsettled):
            self.library = library if isinstance(library, str) else None
        reading = await asyncio.to_thread(read_folder, files, self._reading, rules)
        if reading.manifest_problem and reading.manifest_problem != self._reading.manifest_problem:
            log.warning("manifest_refused", problem=reading.manifest_problem)
        self._reading = reading
        return reading


async def adopt_again(catalogue: Catalogue, shelf: Shelf, rules: Rules) -> None:
    """The fleet knows other classes: what was broken may be good now."""
    if shelf.files is not None:
        await shelf.adopt(catalogue, shelf.files, rules)


def report(change: Change) -> None:
    workflow = change.workflow
    if workflow.problem:
        log.warning("workflow_refused", workflow=workflow.name, problem=workflow.problem)
    elif workflow.active_version is None:
        log.info("workflow_removed", workflow=workflow.name)
    else:
        log.info("workflow_activated", workflow=workflow.name, version=workflow.active_version)

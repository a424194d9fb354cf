"""Mirrors bucket `workflows`: names, model files and classes of servers are followed.

Versions are fetched on demand, parsed once, and the most recently used are kept.
"""

import asyncio
from collections.abc import Mapping

from cachetools import LRUCache
from pydantic import ValidationError

from contracts.access import Actor, Permission
from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.workflows import ModelFolder, ServerClasses, WorkflowEntry
from contracts.services import WORKFLOWS
from gateway.workflows.servers import Servers
from gateway.workflows.versions import ParsedVersion, hash_of, hash_to_run, parse_reference
from runtime.bus.bucket import Mirror, read_value
from runtime.bus.client import Bus
from runtime.process.service import Runtime

NAME_PREFIX = "name."


class WorkflowCatalog:
    """Knows every workflow by name, and the versions that jobs and readers ask for."""

    def __init__(self, bus: Bus, most_versions: int) -> None:
        self.changed = asyncio.Event()
        """Is set at the next change of `names`; another event takes its place."""
        self.servers = Servers()
        self._bus = bus
        self._names = Mirror(WORKFLOWS, WorkflowEntry, f"{NAME_PREFIX}*", self._announce)
        self._models = Mirror(WORKFLOWS, ModelFolder, "models.*")
        self._classes = Mirror(WORKFLOWS, ServerClasses, "classes.*", self._group_servers)
        self._grouped: dict[str, ServerClasses] = {}
        self._versions: LRUCache[str, ParsedVersion] = LRUCache(most_versions)
        self._one_at_a_time = asyncio.Lock()

    @property
    def names(self) -> Mapping[str, WorkflowEntry]:
        return {key.removeprefix(NAME_PREFIX): value for key, value in self._names.entries.items()}

    @property
    def models(self) -> Mapping[str, list[str]]:
        """Model files that the fleet has, by folder."""
        return {folder.folder: folder.names for folder in self._models.entries.values()}

    def name(self, name: str) -> WorkflowEntry | None:
        return self._names.entries.get(NAME_PREFIX + name)

    async def resolve(self, reference: str, actor: Actor) -> ParsedVersion:
        """Return the version that `name` or `name@version` means for a job of this caller.

        Raises InvalidError, NotFoundError, ForbiddenError.
        """
        name, number = parse_reference(reference)
        may_edit = actor.may(Permission.WORKFLOWS_WRITE)
        return await self.version(hash_to_run(self.name(name), name, number, may_edit=may_edit))

    async def look_up(self, reference: str) -> ParsedVersion:
        """Return the version for reading, also of a workflow that is deleted or switched off."""
        name, number = parse_reference(reference)
        return await self.version(hash_of(self.name(name), name, number))

    async def version(self, hash_: str) -> ParsedVersion:
        """Return the version with this hash. Raises NotFoundError, UnavailableError."""
        if version := self._versions.get(hash_):
            return version
        async with self._one_at_a_time:
            version = self._versions.get(hash_)
            if version is None:
                version = self._versions[hash_] = await self._fetch(hash_)
            return version

    async def _fetch(self, hash_: str) -> ParsedVersion:
        body = await read_value(self._bus, WORKFLOWS, f"version.{hash_}")
        if body is None:
            raise NotFoundError("this version of the workflow is gone")
        try:
            return ParsedVersion.model_validate_json(body)
        except ValidationError as error:
            message = "this gateway is too old for the workflow"
            raise UnavailableError(message, code="unreadable_version", retry_in=30) from error

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._names.follow(runtime.bus), name="workflows")
        runtime.spawn(self._models.follow(runtime.bus), name="models")
        runtime.spawn(self._classes.follow(runtime.bus), name="classes")

    async def ready(self) -> None:
        mirrors = (self._names, self._models, self._classes)
        await asyncio.gather(*(mirror.ready.wait() for mirror in mirrors))

    def _announce(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def _group_servers(self) -> None:
        if self._classes.entries != self._grouped:
            self._grouped = dict(self._classes.entries)
            self.servers = Servers(self._grouped.values())

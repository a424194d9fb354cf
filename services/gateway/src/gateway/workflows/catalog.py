"""Mirrors bucket `workflows`: names, model files and classes of servers are followed.

Versions are fetched on demand, parsed once, and the most recently used are kept.
"""

import asyncio
from collections.abc import Mapping

import stamina

from contracts.access import EVERYTHING, Actor, Permission
from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.graphs import UseGraph
from contracts.registry.workflows import (
    FolderReading,
    ModelFolder,
    ServerClasses,
    WorkflowEntry,
)
from contracts.services import WORKFLOWS
from gateway.workflows.servers import Servers
from gateway.workflows.versions import (
    IN_REFERENCE,
    ParsedVersion,
    Place,
    hash_of,
    hash_to_read,
    hash_to_run,
    parse_reference,
    raw_graph_hash,
    refuse_unreachable,
    require_graphs_run,
)
from runtime.bus.bucket import KeptValues, Mirror
from runtime.bus.client import Bus
from runtime.process.service import Runtime

NAME_PREFIX = "name."
PUBLISHED_SECONDS = 5.0


class WorkflowCatalog:
    """Knows every workflow by name, and the versions that jobs and readers ask for."""

    def __init__(self, bus: Bus, most_versions: int) -> None:
        self.changed = asyncio.Event()
        """Is set at the next change of `names`; another event takes its place."""
        self.servers = Servers()
        self._bus = bus
        self._versions = KeptValues(bus, WORKFLOWS, ParsedVersion, "version.", most_versions)
        self._names = Mirror(WORKFLOWS, WorkflowEntry, f"{NAME_PREFIX}*", self._announce)
        self._models = Mirror(WORKFLOWS, ModelFolder, "models.>")
        self._classes = Mirror(WORKFLOWS, ServerClasses, "classes.*", self._group_servers)
        self._folder = Mirror(WORKFLOWS, FolderReading, "folder")
        self._grouped: dict[str, ServerClasses] = {}

    @property
    def names(self) -> Mapping[str, WorkflowEntry]:
        """Every workflow by name. Raises UnavailableError while the folder is being read."""
        self._require_folder()
        return {key.removeprefix(NAME_PREFIX): value for key, value in self._names.entries.items()}

    @property
    def models(self) -> Mapping[str, list[str]]:
        """Model files that the fleet has, by folder: the pages of each put together."""
        pages = sorted(self._models.entries.values(), key=lambda entry: (entry.folder, entry.page))
        found: dict[str, list[str]] = {}
        for entry in pages:
            found[entry.folder] = [*found.get(entry.folder, ()), *entry.names]
        return found

    def models_for(self, actor: Actor) -> Mapping[str, list[str]]:
        """Return the model files that the fleet has and the caller may use, by folder."""
        if actor.reach.models == EVERYTHING:
            return self.models
        return {
            folder: [name for name in names if actor.reach.has_model(folder, name)]
            for folder, names in self.models.items()
        }

    def name(self, name: str) -> WorkflowEntry | None:
        """Return the workflow, or None.

        Raises UnavailableError if a folder that is being read may still bring it.
        """
        found = self._names.entries.get(NAME_PREFIX + name)
        if found is None:
            self._require_folder()
        return found

    async def is_complete(self) -> bool:
        """Return whether the registry has read its folder, for `/readyz`."""
        return bool(self._folder.entries)

    def _require_folder(self) -> None:
        if not self._folder.entries:
            raise UnavailableError("the workflows of this fleet are being read", retry_in=1)

    async def resolve(self, reference: str, actor: Actor) -> ParsedVersion:
        """Return the version that `name`, `name@version` or `graph@hash` means for a caller's job.

        Raises InvalidError, NotFoundError, ForbiddenError.
        """
        if raw_hash := raw_graph_hash(reference):
            require_graphs_run(actor)
            await self._bus.call(UseGraph(actor=actor, hash=raw_hash))
            return await self.raw_graph(raw_hash)
        name, number = parse_reference(reference)
        refuse_unreachable(actor, name)
        may_edit = actor.may(Permission.WORKFLOWS_WRITE)
        wanted = hash_to_run(self.name(name), name, number, may_edit=may_edit)
        return await self._versions.read(wanted)

    async def raw_graph(self, version_hash: str) -> ParsedVersion:
        """Return a raw graph that the registry has stored, as soon as it is published.

        Agents read it from the bucket too. Raises UnavailableError.
        """
        pauses = stamina.AsyncRetryingCaller(
            attempts=None, timeout=PUBLISHED_SECONDS, wait_initial=0.02, wait_max=0.2, wait_jitter=0
        )
        try:
            return await pauses(NotFoundError, self._versions.read, version_hash)
        except NotFoundError as error:
            raise UnavailableError("the graph is being published", retry_in=1) from error

    async def of_job(self, reference: str) -> ParsedVersion:
        """Return the version that a job names, for reading; it may be a raw graph."""
        if raw_hash := raw_graph_hash(reference):
            return await self._versions.read(raw_hash)
        return await self.look_up(reference)

    async def show(
        self, reference: str, actor: Actor, place: Place = IN_REFERENCE
    ) -> ParsedVersion:
        """Return the version as `look_up` does, for a caller. Raises NotFoundError."""
        refuse_unreachable(actor, parse_reference(reference, place)[0], place)
        return await self.look_up(reference, place)

    async def look_up(self, reference: str, place: Place = IN_REFERENCE) -> ParsedVersion:
        """Return the version for reading, also of a workflow that is deleted or switched off.

        Without a number, it is the active version, or the newest one if none is active.
        """
        name, number = parse_reference(reference, place)
        return await self._versions.read(hash_to_read(self.name(name), name, number, place))

    async def active(self, name: str) -> ParsedVersion:
        """Return the active version for reading. Raises NotFoundError if there is none."""
        parse_reference(name, IN_REFERENCE)
        return await self._versions.read(hash_of(self.name(name), name, None, IN_REFERENCE))

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._names.follow(runtime.bus), name="workflows")
        runtime.spawn(self._models.follow(runtime.bus), name="models")
        runtime.spawn(self._classes.follow(runtime.bus), name="classes")
        runtime.spawn(self._folder.follow(runtime.bus), name="folder reading")
        runtime.health.checks["workflows"] = self.is_complete

    async def ready(self) -> None:
        mirrors = (self._names, self._models, self._classes, self._folder)
        await asyncio.gather(*(mirror.ready.wait() for mirror in mirrors))

    def _announce(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def _group_servers(self) -> None:
        if self._classes.entries != self._grouped:
            self._grouped = dict(self._classes.entries)
            self.servers = Servers(self._grouped.values())

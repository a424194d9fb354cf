"""Declares the engine and the object store as the agent needs them.

An engine is one server that runs graphs; each kind is a folder under `engines/`, and all else
knows it only by `Engine` (docs/decisions/0010).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, TypeAlias
from uuid import UUID

from contracts.errors import InvalidError, OperationError, UnavailableError
from contracts.media.attempts import InputFile
from contracts.media.files import MediaKind
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import Capabilities, ClaimedNode, Device
from contracts.scheduler.timings import Timings
from node_agent.domain.health import Health
from node_agent.domain.stopwatch import Stopwatch
from node_agent.domain.transfers import Transfer
from workflows import Spec, WorkflowVersion

Graph: TypeAlias = Mapping[str, Any]
FileNames: TypeAlias = Mapping[str, str]
Version: TypeAlias = WorkflowVersion


class UnreachableError(UnavailableError):
    """The engine's server, or a proxy before it, did not answer; it may have acted all the same.

    The message follows the server's address, which stays out: job owners may read it.
    """

    code = "unreachable"


class TransferError(OperationError):
    """A file could not be moved between engine, agent and store, after several tries."""

    kind = "unavailable"
    code = "transfer_failed"


class StoreAwayError(TransferError):
    """The object store did not answer, or asked for patience, until the last try."""

    code = "store_away"


class UrlRefusedError(UnavailableError):
    """The store refuses this URL, or it has expired: ask media for another."""

    code = "url_refused"


class NoSpaceError(UnavailableError):
    """No space is left for a file beside the agent: its disk is full, or its folder is missing."""

    code = "no_space"


class FileRefusedError(InvalidError):
    """A file is too big or missing."""

    code = "file_refused"


@dataclass(frozen=True, slots=True)
class Preview:
    """A half-finished picture."""

    content_type: str
    image: bytes


@dataclass(frozen=True, slots=True)
class EngineTask:
    """One attempt as its engine runs it."""

    attempt_id: UUID
    timeout_seconds: float
    """Limit from the start of the execution; before that, from `Engine.run`."""
    progressed: Callable[[Progress], None]
    previewed: Callable[[Preview], None]
    is_watched: Callable[[], bool]
    """Tells whether somebody wants previews now; it may change while the attempt runs."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    timed: Callable[[Timings | None], None] = lambda _: None
    """The engine begins and stops the one, and tells the other how long graph nodes took."""


@dataclass(frozen=True, slots=True)
class EngineWork:
    """An attempt's graph as its engine runs it."""

    graph: Graph
    editor_file: Mapping[str, Any] | None = None
    """File of the engine's editor for the results, if the version has one."""


@dataclass(frozen=True, slots=True)
class EngineFile:
    """One file that an attempt made, still on the engine's server."""

    output: str
    index: int
    kind: MediaKind | None
    """None: the content decides, as it does if `content_type` is None."""
    filename: str
    content_type: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Execution:
    """An attempt that ran to its end."""

    results_for: Callable[[Spec], Sequence[EngineFile]]
    """Return the files that the spec names as outputs, in its order; without a spec, all."""


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that a server reports about itself, and the names that the scheduler needs."""

    capabilities: Capabilities
    packed: bytes
    """zlib-compressed JSON object; the digest is of the uncompressed text.

    Its key `engine` names the engine. All other keys are the engine's own format, which services
    read by that name; for a name that they do not know, the node counts as not described.
    """
    devices: Sequence[Device] = ()


class Engine(Protocol):
    """A session with one server, as long as the claim of its node.

    Calls raise UnreachableError if the server is silent; `run`, `resume` and `cancel` wait.
    """

    async def watch(self, on_health_change: Callable[[], None]) -> None:
        """Keep `health` current until canceled; call back when the server's usability changes."""
        ...

    def health(self) -> Health: ...
    async def describe(self, *, is_thorough: bool) -> Description:
        """Describe the server.

        Unless `is_thorough`, an answer that costs the server much may be half an hour old.
        """
        ...

    def keep_input(self, attempt_id: UUID, name: str) -> str:
        """Return the name of an input file on the server, and keep it until `discard`."""
        ...

    def has_input(self, name: str) -> bool:
        """Return whether the server surely has the kept input file of that name."""
        ...

    async def upload(self, file: InputFile, content: IO[bytes]) -> None:
        """Send a kept input file; to repeat it does no harm. Raises FileRefusedError."""
        ...

    def prepare(
        self, task: EngineTask, version: Version, inputs: Mapping[str, Any], files: FileNames
    ) -> EngineWork:
        """Return the work for `run`; `files`: media id → name. Raises AttemptEndedError."""
        ...

    async def run(self, task: EngineTask, work: EngineWork) -> Execution:
        """Start the attempt once, and follow it to its end. Raises AttemptEndedError.

        Canceling this call leaves the attempt as it is, for whoever adopts it: only `cancel`
        stops it.
        """
        ...

    async def resume(self, task: EngineTask) -> Execution:
        """Follow an attempt that an earlier session started, as `run` does."""
        ...

    async def has_attempt(self, attempt_id: UUID) -> bool:
        """Return whether the server has the attempt, queued or running."""
        ...

    async def cancel(self, attempt_id: UUID) -> bool:
        """Stop the attempt, queued or running; return False if it did not stop in time.

        In that case the engine removes it later.
        """
        ...

    async def download(self, file: EngineFile, target: IO[bytes], max_bytes: int) -> None:
        """Write the file from the target's beginning. Raises FileRefusedError, NoSpaceError."""
        ...

    async def discard(self, attempt_id: UUID) -> None:
        """Free the space of an attempt that is over, as far as the server lets clients do so.

        Files that other attempts need stay.
        """
        ...

    async def tidy(self, live: Collection[UUID]) -> None:
        """Discard attempts of earlier sessions that are not `live`, which may change meanwhile."""
        ...

    async def trial(self) -> str | None:
        """Run a small graph without a model; return why it failed."""
        ...


OpenEngine: TypeAlias = Callable[[ClaimedNode], AbstractAsyncContextManager[Engine]]
"""Opens a session with the server of a node.

Raises InvalidError for a setting that it cannot use; the message follows the server's address.
"""


class ObjectStore(Protocol):
    """Bytes behind presigned URLs. Raises UrlRefusedError, and TransferError after the last try."""

    async def fetch(self, file: InputFile, target: IO[bytes]) -> None:
        """Write from the target's beginning. Raises NoSpaceError."""
        ...

    async def put(
        self, url: str, source: IO[bytes], content_type: str, size_bytes: int
    ) -> None: ...


class ModelFiles(Protocol):
    """A folder of model files, which servers beside the agent read."""

    @property
    def max_bytes(self) -> int: ...
    async def used_bytes(self) -> int: ...
    async def fetch(self, transfer: Transfer) -> None:
        """Bring the file to its place, unless it is there. Raises OperationError."""
        ...

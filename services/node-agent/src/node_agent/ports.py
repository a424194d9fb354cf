"""Declares the engine and the object store as the agent needs them.

An engine is one server that runs graphs; each kind is a folder under `engines/`, and all else
knows it only by `Engine` (docs/decisions/0010).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Protocol, TypeAlias
from uuid import UUID

from contracts.errors import InvalidError, OperationError, UnavailableError
from contracts.media.attempts import InputFile
from contracts.media.files import MediaKind
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import Capabilities, Device, NodeEntry
from workflows import Spec

Graph: TypeAlias = Mapping[str, Any]
FileNames: TypeAlias = Mapping[str, str]


class UnreachableError(UnavailableError):
    """The engine's server, or a proxy before it, did not answer; it may have acted all the same.

    The message follows the server's address, which stays out: job owners may read it.
    """

    code = "unreachable"


class TransferError(OperationError):
    """A file could not be brought from here to there, however often it was tried."""

    kind = "unavailable"
    code = "transfer_failed"


class UrlRefusedError(UnavailableError):
    """The store does not take this URL, or not any more: ask for another."""

    code = "url_refused"


class NoSpaceError(UnavailableError):
    """No space is left for a file beside the agent: its disk is full, or its folder is missing."""

    code = "no_space"


class FileRefusedError(InvalidError):
    """A file is too big, or is not there."""

    code = "file_refused"


@dataclass(frozen=True, slots=True)
class Version:
    """A workflow version, ready to be rendered."""

    graph: dict[str, Any]
    spec: Spec


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
    """From the start of the execution; before that, from the POST."""
    progressed: Callable[[Progress], None]
    previewed: Callable[[Preview], None]
    is_watched: Callable[[], bool]
    """Tells whether somebody wants previews now."""


@dataclass(frozen=True, slots=True)
class EngineFile:
    """One file that an attempt made, still on the engine's server."""

    output: str
    index: int
    kind: MediaKind | None
    """None, as for `content_type`: the content tells."""
    filename: str
    content_type: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Execution:
    """An attempt that ran to its end."""

    results_for: Callable[[Spec], Sequence[EngineFile]]
    """Return the files that the spec names as outputs, in its order; without a spec, all."""
    started_at: datetime | None = None
    """By the server's clock, if known."""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """Everything a server reports about itself, and the names the scheduler needs."""

    capabilities: Capabilities
    packed: bytes
    """zlib-compressed JSON `{version, object_info, models}`; the digest is of its content."""
    devices: Sequence[Device] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a server as its engine saw it last."""

    is_reachable: bool = False
    is_dead: bool = False
    """It answers but runs nothing."""
    reason: str | None = "has not answered yet"
    """Why it cannot be used; while it is unreachable, words that follow its address."""
    prompts: tuple[str, ...] = ()
    """Ids of all work on it; the fleet's own has the id of its attempt."""
    vram_free_mb: int | None = None
    other_node_id: UUID | None = None
    """A node for which somebody posts to the same server."""

    @property
    def is_usable(self) -> bool:
        return self.is_reachable and not self.is_dead


class Engine(Protocol):
    """A session with one server, as long as the claim of its node.

    Calls raise UnreachableError if the server is silent; `run`, `resume` and `cancel` wait.
    """

    async def serve(self, on_health_change: Callable[[], None]) -> None:
        """Keep `health` current until canceled; call back when the server's usability changes."""
        ...

    def health(self) -> Health: ...
    async def describe(self) -> Description: ...
    def has_input(self, name: str) -> bool:
        """Return whether the server surely has the input file of that name."""
        ...

    async def upload(self, file: InputFile, content: IO[bytes]) -> None:
        """Put an input file there; repeating it does no harm. Raises FileRefusedError."""
        ...

    def prepare(
        self, task: EngineTask, version: Version, inputs: Mapping[str, Any], files: FileNames
    ) -> Graph:
        """Return the graph for `run`; `files`: media id → name. Raises AttemptEndedError."""
        ...

    async def run(self, task: EngineTask, graph: Graph) -> Execution:
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
        """Stop the attempt, queued or running; False if it would not stop in time.

        The engine removes it all the same once it can.
        """
        ...

    async def download(self, file: EngineFile, target: IO[bytes], most_bytes: int) -> None:
        """Write from the target's beginning. Raises FileRefusedError, NoSpaceError."""
        ...

    async def trial(self) -> str | None:
        """Run a small graph without a model; return why it failed."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of an engine's waiting, from the agent's settings."""

    probe_timeout: float
    submit_timeout: float
    dead_after_seconds: float


OpenEngine: TypeAlias = Callable[[NodeEntry, Patience], AbstractAsyncContextManager[Engine]]
"""Opens a session with the server of a node. Raises InvalidError for an address it cannot use."""


class ObjectStore(Protocol):
    """Bytes behind presigned URLs. Raises UrlRefusedError, and TransferError after the last try."""

    async def fetch(self, file: InputFile, target: IO[bytes]) -> None:
        """Write from the target's beginning. Raises NoSpaceError."""
        ...

    async def put(
        self, url: str, source: IO[bytes], content_type: str, size_bytes: int
    ) -> None: ...

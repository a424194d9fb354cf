"""What the agent needs from outside, in its own words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel

from contracts.errors import InvalidError, OperationError, UnavailableError
from contracts.media.attempts import InputFile
from contracts.message import Request, Signal
from contracts.scheduler.nodes import Device
from node_agent.domain.capabilities import Description
from node_agent.domain.events import ComfyEvent
from node_agent.domain.outputs import OutputFile
from node_agent.domain.vitals import QueueView
from workflows import Spec

A = TypeVar("A", bound=BaseModel)


class UnreachableError(UnavailableError):
    """ComfyUI, or the proxy before it, did not answer; whether it heard us is unknown."""

    code = "unreachable"


class RefusedPromptError(InvalidError):
    """ComfyUI did not take the prompt; `answer` says why, in its own format."""

    code = "refused"

    def __init__(self, status: int, answer: object) -> None:
        super().__init__(f"ComfyUI answered {status} to the prompt.")
        self.status = status
        self.answer = answer


class TransferError(OperationError):
    """A file could not be brought from here to there, however often it was tried."""

    kind = "unavailable"
    code = "transfer_failed"


class UrlRefusedError(UnavailableError):
    """The store does not take this URL, or not any more: ask for another."""

    code = "url_refused"


class NoPlaceError(UnavailableError):
    """A file found no place beside the agent: its disk is full, or its folder is not there."""

    code = "no_place"


class FileRefusedError(InvalidError):
    """A file is too big, or is not there."""

    code = "file_refused"


@dataclass(frozen=True, slots=True)
class Submitted:
    """ComfyUI took a prompt; `node_errors` names outputs that it silently leaves out."""

    prompt_id: str
    node_errors: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stats:
    version: str
    devices: list[Device]


class Comfy(Protocol):
    """One ComfyUI server. Every call raises Unreachable if it does not answer in time."""

    async def queue(self) -> QueueView: ...

    async def history(self, prompt_id: str) -> dict[str, Any] | None:
        """The entry of a prompt that ended; None while it has not, or is forgotten."""
        ...

    async def submit(self, body: dict[str, Any]) -> Submitted:
        """Raises RefusedPrompt."""
        ...

    async def delete(self, prompt_id: str) -> None:
        """Take it off the queue, if it is pending."""
        ...

    async def interrupt(self, prompt_id: str) -> None:
        """Stop it, if it runs; seen only at graph-node starts and sampler steps."""
        ...

    async def free(self) -> None:
        """Give back the memory of models and results."""
        ...

    async def upload(self, name: str, source: IO[bytes], content_type: str) -> None:
        """Put a file at `name` (`folder/file`) of its input folder."""
        ...

    async def download(self, file: OutputFile, target: IO[bytes], most_bytes: int) -> None:
        """From the target's beginning. Raises FileRefused, NoPlace."""
        ...

    async def stats(self) -> Stats: ...
    async def describe(self) -> Description: ...


class Calls(Protocol):
    """The other services, by their messages; raises the kinds of contracts/errors.py."""

    async def call(self, request: Request[A], *, within: float = 5.0) -> A: ...
    async def signal(self, signal: Signal) -> None: ...


class ObjectStore(Protocol):
    """Bytes behind presigned URLs. Raises UrlRefused, and Transfer when tries are used up."""

    async def fetch(self, file: InputFile, target: IO[bytes]) -> None:
        """From the target's beginning. Raises NoPlace."""
        ...

    async def put(
        self, url: str, source: IO[bytes], content_type: str, size_bytes: int
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Version:
    """A workflow version, ready to be rendered."""

    graph: dict[str, Any]
    spec: Spec


class Versions(Protocol):
    async def find(self, version_hash: str) -> Version | None: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file is, by its content."""

    content_type: str
    size_bytes: int
    blake3: str
    width: int | None
    height: int | None


class Files(Protocol):
    """Looks into files and pictures, away from the event loop."""

    async def inspect(self, file: IO[bytes]) -> Facts: ...

    async def shrink(self, image: bytes, most_bytes: int) -> bytes | None:
        """The picture as a smaller JPEG; None if it is not a picture."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of the connection that `client_id` names."""

    client_id: str
    event: ComfyEvent


Hear: TypeAlias = Callable[[Sequence[Heard]], None]
Clock: TypeAlias = Callable[[], float]
"""Monotonic seconds."""

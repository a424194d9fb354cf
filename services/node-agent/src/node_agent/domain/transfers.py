"""Keeps the transfers of model files, and decides under which names their files are written.

A file is written beside its place, under a hidden name that no engine lists, and gets its own once
it is complete and has the expected hash.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TypeAlias

from contracts.errors import ConflictError
from contracts.model_files import MOST_TRANSFERS, FetchModel, TransferPhase, TransferView
from workflows.spec.installation import DIRECTORIES

PART_SUFFIX, LOCK_SUFFIX, PROMISE_SUFFIX = ".part", ".lock", ".promise"
FOLDER_LOCK = f".comfyfleet{LOCK_SUFFIX}"
"""Name of the lock that an agent holds for a moment, while it counts the bytes of the folder."""
ModelName: TypeAlias = tuple[str, str]
"""(model folder, file name)"""


@dataclass(slots=True, eq=False)
class Transfer:
    """One model file on its way into the agent's folder."""

    command: FetchModel
    is_listed: bool = False
    """The node's server offers the file already, from another folder perhaps."""
    phase: TransferPhase = TransferPhase.WAITING
    size_bytes: int | None = None
    fetched_bytes: int = 0
    reason: str | None = None

    @property
    def name(self) -> ModelName:
        return self.command.folder, self.command.name

    @property
    def is_alive(self) -> bool:
        return self.phase in (TransferPhase.WAITING, TransferPhase.FETCHING)

    @property
    def place(self) -> PurePosixPath:
        """The path of the file below the agent's folder, in the layout of ComfyUI's `models`."""
        folder = self.command.folder
        return PurePosixPath(DIRECTORIES.get(folder, folder), self.command.name)

    @property
    def content(self) -> str:
        """The hash of the content, or what stands for it."""
        return self.command.origin.sha256 or self.command.origin.url

    @property
    def lock(self) -> PurePosixPath:
        """The path of the lock that an agent holds while it fetches this content."""
        return self.hidden(self.content, LOCK_SUFFIX)

    def part(self, writer: str) -> PurePosixPath:
        """Return the path of the unfinished file; another content or writer has another one."""
        return self.hidden(f"{self.content} {writer}", PART_SUFFIX)

    def hidden(self, text: str, suffix: str) -> PurePosixPath:
        digest = sha256(text.encode()).hexdigest()[:16]
        return self.place.with_name(f".{self.place.name}.{digest}{suffix}")

    def end(self, reason: str | None = None) -> None:
        self.phase = TransferPhase.FAILED if reason else TransferPhase.COMPLETED
        self.reason = reason

    def view(self) -> TransferView:
        return TransferView(
            folder=self.command.folder,
            name=self.command.name,
            phase=self.phase,
            size_bytes=self.size_bytes,
            fetched_bytes=self.fetched_bytes,
            reason=self.reason,
        )


@dataclass(slots=True, eq=False)
class Transfers:
    """The transfers since the start of the agent, the oldest first."""

    by_name: dict[ModelName, Transfer] = field(default_factory=dict[ModelName, Transfer])

    def alive(self) -> Iterator[Transfer]:
        return (transfer for transfer in self.by_name.values() if transfer.is_alive)

    def add(self, transfer: Transfer) -> None:
        """Add it in the place of an older one, which is over. Raises ConflictError if too many."""
        self.by_name.pop(transfer.name, None)
        if len(self.by_name) >= MOST_TRANSFERS:
            over = next((one for one in self.by_name.values() if not one.is_alive), None)
            if over is None:
                text = f"{MOST_TRANSFERS} transfers to this agent are not over"
                raise ConflictError(text, code="transfers_full")
            del self.by_name[over.name]
        self.by_name[transfer.name] = transfer

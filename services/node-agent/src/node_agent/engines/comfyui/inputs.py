"""Knows the input files on a ComfyUI server, and empties those that nobody needs any more.

ComfyUI lets nobody delete a file, so one is overwritten with nothing. Jobs of an owner share files
of equal content, so each file is kept for all attempts that need it, and for a while after the
last. Each session has a folder of its own: one whose claim is over cannot empty a file of the next.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from secrets import token_hex
from time import monotonic
from uuid import UUID

NAME = re.compile(r"cf/[0-9a-f]{8}/[0-9a-f]{32,64}\.\w+")
"""Path of an input file of any session, below ComfyUI's input folder."""


@dataclass(slots=True, eq=False)
class StagedInput:
    """An input file that may have content on the server."""

    attempts: set[UUID] = field(default_factory=set[UUID])
    """Attempts that need it and have not ended."""
    is_sent: bool = False
    """The server surely has it."""
    unused_since: float = field(default_factory=monotonic)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


def new_folder() -> str:
    return f"cf/{token_hex(4)}"


def split(path: str) -> tuple[str, str]:
    """Return the name of the file and its folder."""
    folder, _, filename = path.rpartition("/")
    return filename, folder


@dataclass(slots=True, eq=False)
class Inputs:
    """The input files of one session, and those that earlier ones left."""

    folder: str = field(default_factory=new_folder)
    files: dict[str, StagedInput] = field(default_factory=dict[str, StagedInput])

    def keep(self, attempt_id: UUID, name: str) -> str:
        """Keep the file for the attempt, and return its path."""
        path = f"{self.folder}/{split(name)[0]}"
        self.files.setdefault(path, StagedInput()).attempts.add(attempt_id)
        return path

    def has(self, path: str) -> bool:
        return path in self.files and self.files[path].is_sent

    def release(self, attempt_id: UUID) -> None:
        for file in self.files.values():
            if attempt_id in file.attempts:
                file.attempts.remove(attempt_id)
                file.unused_since = monotonic()

    def inherit(self, paths: Iterable[str]) -> None:
        """Note files that earlier sessions may have left; they have just been used."""
        for path in paths:
            self.files.setdefault(path, StagedInput())

    def doubt(self) -> None:
        """Trust no file any more: the server may be another, or was set up anew."""
        for file in self.files.values():
            file.is_sent = False

    def unused_for(self, seconds: float) -> list[str]:
        since = monotonic() - seconds
        return [
            path
            for path, file in self.files.items()
            if not file.attempts and file.unused_since <= since
        ]

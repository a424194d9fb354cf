"""Defines the files of the folder as texts, and the source of one version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from contracts.errors import InvalidError

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that exists but cannot be read, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A file that changed or vanished since the last poll: it may still be being written."""


File: TypeAlias = str | Unreadable | Unsettled
Files: TypeAlias = Mapping[str, File]


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that one version is made of: equal sources make equal versions."""

    name: str
    spec: File
    """From a manifest: its entry and the definitions that it uses, as JSON."""
    library: File | None
    graph_name: str
    graph: File | None
    is_manifest: bool = False
    spec_name: str = "the spec"
    """File that the spec comes from."""

    @property
    def is_unsettled(self) -> bool:
        return any(isinstance(file, Unsettled) for file in (self.spec, self.library, self.graph))


def stem(file_name: str) -> str:
    return file_name.rpartition(".")[0]


def text_of(file: File | None, name: str) -> str:
    if file is None or isinstance(file, Unsettled):
        raise InvalidError(f"{name}: there is no such file")
    if isinstance(file, Unreadable):
        raise InvalidError(f"{name}: {file.reason}")
    return file

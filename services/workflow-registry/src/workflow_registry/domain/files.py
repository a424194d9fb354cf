"""Defines the files of the folder as texts, the specs among them, and the source of a version.

A spec is `NAME.yaml`, `NAME.yml`, or a `NAME.json` that has the key `spec`. Its graph is the file
that it names, else `NAME.graph.json` (or `.yaml`, `.yml`).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from contracts.errors import InvalidError
from workflows.spec.documents import read_mapping

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
YAML = (".yaml", ".yml")
GRAPHS = (".graph.json", ".graph.yaml", ".graph.yml")
SEEMS_SPEC = re.compile(r'"spec"\s*:')


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a spec."""

    file: File
    has_spec_key: bool
    """True also for a torn file that had the key `spec` or seems to have it."""
    graph_name: str | None = None


def candidates(
    files: Files, before: Mapping[str, Candidate], reserved: Collection[str]
) -> dict[str, Candidate]:
    """Return every file that may be a spec; what did not change is taken over from `before`."""
    found: dict[str, Candidate] = {}
    for name, file in files.items():
        if name.endswith((*YAML, ".json")) and not name.endswith(GRAPHS) and name not in reserved:
            known = before.get(name)
            found[name] = known if known and known.file == file else candidate(file, known)
    return found


def candidate(file: File, known: Candidate | None) -> Candidate:
    was_spec = known is not None and known.has_spec_key
    if isinstance(file, Unsettled):
        return Candidate(file, was_spec, known.graph_name if known else None)
    if not isinstance(file, str):
        return Candidate(file, was_spec)
    if "spec" not in file and not was_spec:  # a graph, which may be large
        return Candidate(file, has_spec_key=False)
    try:
        content = read_mapping(file, "it")
    except InvalidError:
        return Candidate(file, was_spec or bool(SEEMS_SPEC.search(file)))
    graph_name = str(content["graph"]) if content.get("graph") else None
    return Candidate(file, "spec" in content, graph_name)


def spec_names(found: Mapping[str, Candidate], listed: Collection[str]) -> Iterator[str]:
    """Yield the names of the files that are specs; `listed` are the graphs of a manifest.

    A YAML file counts as a spec unless it is the graph of another, so that its problem is shown.
    """
    claimed = {one.graph_name for one in found.values() if one.has_spec_key} | {*listed}
    for name, one in sorted(found.items()):
        is_yaml = name.endswith(YAML)
        if (is_yaml and one.has_spec_key) or (
            name not in claimed and (is_yaml or one.has_spec_key)
        ):
            yield name


def graph_of(file_name: str, spec: Candidate, files: Files) -> str:
    """Return the name of the spec's graph, whether there is such a file or not."""
    if spec.graph_name is not None:
        return spec.graph_name
    usual = [f"{stem(file_name)}{suffix}" for suffix in GRAPHS]
    return next((name for name in usual if name in files), usual[0])

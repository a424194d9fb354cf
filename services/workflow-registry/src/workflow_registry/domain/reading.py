"""What a folder of files says about workflows.

`NAME.yaml` is the spec of workflow NAME; it names its graph, else that is `NAME.graph.json`;
`library.yaml` is shared by all. Whatever is wrong with one workflow is said of that one alone.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from contracts.catalog import WorkflowVersionRecord
from contracts.errors import InvalidError
from workflows import WorkflowVersion, load_version
from workflows.read import read_mapping

SPEC_SUFFIX = ".yaml"
LIBRARY = f"library{SPEC_SUFFIX}"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MOST_RECORD_BYTES = 500 * 1024
"""A bucket refuses values over 512 KiB; the rest is for headers."""
MOST_PROBLEM_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is there, and why its text is not."""

    reason: str


File: TypeAlias = str | Unreadable


@dataclass(frozen=True, slots=True)
class Source:
    """All that one version is made of: equal sources make equal versions."""

    name: str
    spec: File
    library: File | None
    graph_name: str
    graph: File | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A source that cannot become a version."""

    problem: str


Outcome: TypeAlias = WorkflowVersion | Broken


def read_folder(
    files: Mapping[str, File], before: Mapping[Source, Outcome]
) -> dict[Source, Outcome]:
    """Every workflow of the folder; what did not change is taken over from `before`."""
    found = sources(files)
    return {source: before.get(source) or outcome(source) for source in found}


def sources(files: Mapping[str, File]) -> Iterator[Source]:
    for file_name in sorted(specs(files)):
        name, spec = file_name.removesuffix(SPEC_SUFFIX), files[file_name]
        if NAME.fullmatch(name):
            graph_name = name_of_graph(name, spec)
            yield Source(name, spec, files.get(LIBRARY), graph_name, files.get(graph_name))


def specs(files: Collection[str]) -> set[str]:
    return {name for name in files if name.endswith(SPEC_SUFFIX)} - {LIBRARY}


def misnamed(files: Collection[str]) -> set[str]:
    """Specs that cannot be published, for a workflow cannot have such a name."""
    return {name for name in specs(files) if not NAME.fullmatch(name.removesuffix(SPEC_SUFFIX))}


def name_of_graph(name: str, spec: File) -> str:
    """Where the spec says its graph is; a spec that cannot be read says so later, in full."""
    default = f"{name}.graph.json"
    if isinstance(spec, Unreadable):
        return default
    try:
        return str(read_mapping(spec, "spec").get("graph") or default)
    except InvalidError:
        return default


def outcome(source: Source) -> Outcome:
    """The checked version, or what is wrong with its files."""
    try:
        version = load_version(
            text_of(source.spec, f"{source.name}{SPEC_SUFFIX}"),
            text_of(source.graph, source.graph_name),
            None if source.library is None else text_of(source.library, LIBRARY),
        )
        check_name_and_size(source, version)
    except InvalidError as error:
        listed = "; ".join(f"{item.path}: {item.message}" for item in error.errors)
        return Broken((listed or error.message)[:MOST_PROBLEM_LENGTH])
    return version


def text_of(file: File | None, name: str) -> str:
    if file is None:
        raise InvalidError(f"{name}: there is no such file")
    if isinstance(file, Unreadable):
        raise InvalidError(f"{name}: {file.reason}")
    return file


def check_name_and_size(source: Source, version: WorkflowVersion) -> None:
    if version.name != source.name:
        raise InvalidError(f"name: expected {source.name!r}, as the file is called")
    if len(record(version, number=10**9).model_dump_json().encode()) > MOST_RECORD_BYTES:
        raise InvalidError(f"graph and spec are over {MOST_RECORD_BYTES // 1024} KiB")


def record(version: WorkflowVersion, *, number: int) -> WorkflowVersionRecord:
    return WorkflowVersionRecord(
        name=version.name,
        version=number,
        hash=version.hash,
        graph=version.graph,
        spec=version.spec.content(),
    )

"""Reads the workflows of a folder of files.

Specs are beside their graphs (files.py) and share `library.yaml`. `workflows.yaml` with
`base.yaml` is a manifest that lists workflows (manifest.py). A problem of one workflow affects that
one alone, and while one of its files is being written, it stays as before.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from contracts.errors import InvalidError
from workflow_registry.domain.checks import Rules, checked_version
from workflow_registry.domain.files import (
    NAME,
    Candidate,
    Files,
    Source,
    candidates,
    graph_of,
    spec_names,
    stem,
    text_of,
)
from workflow_registry.domain.manifest import (
    BASE,
    MANIFEST,
    Manifest,
    manifest_version,
    read_manifest,
    source_of,
)
from workflows import WorkflowVersion
from workflows.spec.documents import read_mapping

LIBRARY = "library.yaml"
MISNAMED = "misnamed-"
"""Prefix of the name under which the problem of a file without a usable name is shown."""
NAME_LENGTH = 63
MAX_PROBLEM_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A source that cannot become a version."""

    problem: str


Outcome: TypeAlias = WorkflowVersion | Broken


@dataclass(frozen=True, slots=True)
class FolderContent:
    """The sources of a folder with their outcomes, and the parsed files for the next reading."""

    outcomes: Mapping[Source, Outcome] = field(default_factory=dict[Source, Outcome])
    manifest: Manifest = field(default_factory=Manifest)
    candidates: Mapping[str, Candidate] = field(default_factory=dict[str, Candidate])
    rules: Rules | None = None

    @property
    def found(self) -> dict[str, Outcome]:
        return {source.name: outcome for source, outcome in self.outcomes.items()}


def read_folder(files: Files, before: FolderContent, rules: Rules) -> FolderContent:
    """Read every workflow of the folder; what did not change is taken over from `before`.

    A broken source is tried again under other rules: a server may have its classes now.
    """
    manifest = read_manifest(files, before.manifest)
    listed = [
        source_of(name, entry, manifest.definitions, files)
        for name, entry in manifest.listed.items()
    ]
    reserved = {LIBRARY, MANIFEST, BASE} if manifest.exists else {LIBRARY}
    found = candidates(files, before.candidates, reserved)
    graphs = {source.graph_name for source in listed}
    own = sources(found, spec_names(found, graphs), files)
    known = {source.name: source for source in before.outcomes}
    outcomes: dict[Source, Outcome] = {}
    for source in (*own, *listed):
        if not source.is_unsettled:
            old = before.outcomes.get(source)
            is_final = isinstance(old, WorkflowVersion) or before.rules == rules
            outcomes[source] = old if old and is_final else outcome(source, rules)
        elif held := known.get(source.name):
            outcomes[held] = before.outcomes[held]
    if manifest.problem:  # shown under its own name, for it may never have listed anything
        outcomes[Source(stem(MANIFEST), "", None, "", None)] = Broken(manifest.problem)
    return FolderContent(without_clashes(outcomes), manifest, found, rules)


def without_clashes(outcomes: Mapping[Source, Outcome]) -> dict[Source, Outcome]:
    """Keep the first source of each name; it is broken if there are others."""
    named: dict[str, list[Source]] = {}
    for source in outcomes:
        named.setdefault(source.name, []).append(source)
    kept: dict[Source, Outcome] = {}
    for first, *others in named.values():
        files = " and ".join(source.spec_name for source in (first, *others))
        kept[first] = Broken(f"{files} both define it") if others else outcomes[first]
    return kept


def sources(found: Mapping[str, Candidate], names: Iterator[str], files: Files) -> Iterator[Source]:
    for file_name in names:
        graph_name = graph_of(file_name, found[file_name], files)
        yield Source(
            name_of(file_name),
            files[file_name],
            files.get(LIBRARY),
            graph_name,
            files.get(graph_name),
            spec_name=file_name,
        )


def name_of(file_name: str) -> str:
    """Return the workflow's name; for an unusable file name, the name that shows its problem."""
    name = stem(file_name)
    if NAME.fullmatch(name):
        return name
    return (MISNAMED + re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-"))[:NAME_LENGTH]


def outcome(source: Source, rules: Rules) -> Outcome:
    """Return the checked version, or the problem of its files."""
    try:
        return manifest_version(source, rules) if source.is_manifest else own_version(source, rules)
    except InvalidError as error:
        listed = "; ".join(f"{item.path}: {item.message}" for item in error.errors)
        return Broken((listed or error.message)[:MAX_PROBLEM_LENGTH])


def own_version(source: Source, rules: Rules) -> WorkflowVersion:
    if not NAME.fullmatch(stem(source.spec_name)):
        raise InvalidError(f"{source.spec_name}: a spec is named {NAME.pattern}; rename the file")
    # parsed before its graph is looked for: an unreadable spec does not name its graph
    spec = read_mapping(text_of(source.spec, source.spec_name), source.spec_name)
    version = checked_version(
        spec,
        text_of(source.graph, source.graph_name),
        None if source.library is None else text_of(source.library, LIBRARY),
        rules,
    )
    if version.name != source.name:
        raise InvalidError(f"name: expected {source.name!r}, as the file is called")
    return version

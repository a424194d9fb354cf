"""What a folder of files says about workflows.

Specs stand beside their graphs (heads.py), and `library.yaml` is shared by all. `workflows.yaml`
with `base.yaml` is a manifest that lists workflows (manifest.py). Whatever is wrong with one
workflow is said of that one alone, and while one of its files is being written, it is as before.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from contracts.errors import InvalidError
from workflow_registry.domain.checking import Rules, checked_version
from workflow_registry.domain.files import NAME, Files, Source, text_of
from workflow_registry.domain.heads import Head, Heads, graph_of, heads, specs, stem
from workflow_registry.domain.manifest import (
    BASE,
    MANIFEST,
    Manifest,
    manifest_sources,
    manifest_version,
    read_manifest,
)
from workflows import WorkflowVersion
from workflows.spec.documents import read_mapping

LIBRARY = "library.yaml"
MISNAMED = "misnamed-"
"""So begins what a file without a usable name is shown as: its problem needs a place."""
NAME_LENGTH = 63
MOST_PROBLEM_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A source that cannot become a version."""

    problem: str


Outcome: TypeAlias = WorkflowVersion | Broken


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder says: each source with its outcome; and what the next reading starts from."""

    outcomes: Mapping[Source, Outcome] = field(default_factory=dict[Source, Outcome])
    manifest: Manifest = field(default_factory=Manifest)
    heads: Heads = field(default_factory=dict[str, Head])
    rules: Rules | None = None

    @property
    def found(self) -> dict[str, Outcome]:
        return {source.name: outcome for source, outcome in self.outcomes.items()}

    @property
    def from_manifest(self) -> frozenset[str]:
        return frozenset(source.name for source in self.outcomes if source.is_manifest)

    @property
    def manifest_problem(self) -> str | None:
        return self.manifest.problem


def read_folder(files: Files, before: Reading, rules: Rules) -> Reading:
    """Every workflow of the folder; what did not change is taken over from `before`.

    What is broken is tried again under other rules: it may have waited for a server that knows
    its classes.
    """
    manifest = read_manifest(files, before.manifest)
    listed = manifest_sources(manifest, files)
    reserved = {LIBRARY, MANIFEST, BASE} if manifest.is_there else {LIBRARY}
    found = heads(files, before.heads, reserved)
    own = sources(found, specs(found, {source.graph_name for source in listed}), files)
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
    return Reading(without_clashes(outcomes), manifest, found, rules)


def without_clashes(outcomes: Mapping[Source, Outcome]) -> dict[Source, Outcome]:
    """One source for each name, the first, which says so if there are others."""
    named: dict[str, list[Source]] = {}
    for source in outcomes:
        named.setdefault(source.name, []).append(source)
    kept: dict[Source, Outcome] = {}
    for first, *others in named.values():
        files = " and ".join(source.spec_name for source in (first, *others))
        kept[first] = Broken(f"{files} both define it") if others else outcomes[first]
    return kept


def sources(found: Heads, names: Iterator[str], files: Files) -> Iterator[Source]:
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
    """The workflow's name; of a file that cannot be one's, where its problem is shown."""
    name = stem(file_name)
    if NAME.fullmatch(name):
        return name
    return (MISNAMED + re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-"))[:NAME_LENGTH]


def outcome(source: Source, rules: Rules) -> Outcome:
    """The checked version, or what is wrong with its files."""
    try:
        return manifest_version(source, rules) if source.is_manifest else own_version(source, rules)
    except InvalidError as error:
        listed = "; ".join(f"{item.path}: {item.message}" for item in error.errors)
        return Broken((listed or error.message)[:MOST_PROBLEM_LENGTH])


def own_version(source: Source, rules: Rules) -> WorkflowVersion:
    if not NAME.fullmatch(stem(source.spec_name)):
        raise InvalidError(f"{source.spec_name}: a spec is named {NAME.pattern}; rename the file")
    # a spec that cannot be read does not say either where its graph is
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

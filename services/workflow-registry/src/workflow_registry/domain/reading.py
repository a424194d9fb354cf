"""What a folder of files says about workflows.

`NAME.yaml`, `NAME.yml` or `NAME.json` is the spec of workflow NAME; it names its graph, else that
is `NAME.graph.json`; `library.yaml` is shared by all. `workflows.yaml` with `base.yaml` is a
manifest that lists workflows (workflows.manifests). Whatever is wrong with one workflow is said
of that one alone.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from contracts.errors import InvalidError
from workflow_registry.domain.checking import Rules, checked_version
from workflow_registry.domain.files import NAME, File, Files, Source, Unreadable, text_of
from workflow_registry.domain.manifest import (
    BASE,
    MANIFEST,
    is_manifest,
    manifest_sources,
    manifest_version,
)
from workflows import WorkflowVersion
from workflows.read import read_mapping

YAML = (".yaml", ".yml")
GRAPHS = (".graph.json", ".graph.yaml", ".graph.yml")
LIBRARY = "library.yaml"
MOST_PROBLEM_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A source that cannot become a version."""

    problem: str


Outcome: TypeAlias = WorkflowVersion | Broken


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder says: each source with its outcome, and what is wrong with its manifest."""

    outcomes: Mapping[Source, Outcome] = field(default_factory=dict[Source, Outcome])
    manifest_problem: str | None = None

    @property
    def found(self) -> dict[str, Outcome]:
        return {source.name: outcome for source, outcome in self.outcomes.items()}

    @property
    def from_manifest(self) -> frozenset[str]:
        return frozenset(source.name for source in self.outcomes if source.is_manifest)


def read_folder(files: Files, before: Reading, rules: Rules) -> Reading:
    """Every workflow of the folder; what did not change is taken over from `before`.

    What is broken is tried again: it may have waited for a server that knows its classes.
    """
    listed, problem = manifest_sources(files)
    known_specs = {source.spec_name for source in before.outcomes}
    own = list(sources(files, {entry.graph_name for entry in listed}, known_specs))
    outcomes: dict[Source, Outcome] = {}
    for source in [*own, *listed]:
        known = before.outcomes.get(source)
        kept = known if isinstance(known, WorkflowVersion) else outcome(source, rules)
        outcomes[source] = kept
    return Reading(without_clashes(outcomes), problem)


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


def sources(files: Files, listed: Collection[str], known: Collection[str]) -> Iterator[Source]:
    """The workflows that have a spec of their own.

    `listed` are the graphs of a manifest, `known` the files that were specs before.
    """
    graphs = {name: name_of_graph(name, files[name]) for name in yaml_specs(files)}
    for name in json_files(files) - {*graphs.values(), *listed}:
        if name in known or is_spec(files[name]):
            graphs[name] = name_of_graph(name, files[name])
    for file_name, graph_name in sorted(graphs.items()):
        name = stem(file_name)
        if NAME.fullmatch(name):
            graph = files.get(graph_name)
            spec, library = files[file_name], files.get(LIBRARY)
            yield Source(name, spec, library, graph_name, graph, spec_name=file_name)


def yaml_specs(files: Files) -> set[str]:
    reserved = {LIBRARY, MANIFEST, BASE} if is_manifest(files) else {LIBRARY}
    found = {name for name in files if name.endswith(YAML) and not name.endswith(GRAPHS)}
    return found - reserved


def json_files(files: Files) -> set[str]:
    """Specs, and graphs whose names do not say that they are."""
    return {name for name in files if name.endswith(".json") and not name.endswith(GRAPHS)}


def is_spec(file: File) -> bool:
    """Whether a JSON file is none of the graphs that may lie there; a torn one may still be."""
    try:
        return "spec" in read_mapping(text_of(file, "it"), "it")
    except InvalidError:
        return isinstance(file, str) and '"spec"' in file


def stem(file_name: str) -> str:
    return file_name.rpartition(".")[0]


def misnamed(files: Files) -> set[str]:
    """Specs that cannot be published, for a workflow cannot have such a name."""
    return {name for name in yaml_specs(files) if not NAME.fullmatch(stem(name))}


def name_of_graph(file_name: str, spec: File) -> str:
    """Where the spec says its graph is; a spec that cannot be read says so later, in full."""
    default = f"{stem(file_name)}.graph.json"
    if isinstance(spec, Unreadable):
        return default
    try:
        return str(read_mapping(spec, "spec").get("graph") or default)
    except InvalidError:
        return default


def outcome(source: Source, rules: Rules) -> Outcome:
    """The checked version, or what is wrong with its files."""
    try:
        if source.is_manifest:
            return manifest_version(source, rules)
        # a spec that cannot be read does not say either where its graph is
        spec = read_mapping(text_of(source.spec, source.spec_name), source.spec_name)
        version = checked_version(
            spec,
            text_of(source.graph, source.graph_name),
            None if source.library is None else text_of(source.library, LIBRARY),
            rules,
        )
        check_name(source, version)
    except InvalidError as error:
        listed = "; ".join(f"{item.path}: {item.message}" for item in error.errors)
        return Broken((listed or error.message)[:MOST_PROBLEM_LENGTH])
    return version


def check_name(source: Source, version: WorkflowVersion) -> None:
    if version.name != source.name:
        raise InvalidError(f"name: expected {source.name!r}, as the file is called")

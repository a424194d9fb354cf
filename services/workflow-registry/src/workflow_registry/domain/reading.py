"""What a folder of files says about workflows.

`NAME.yaml` is the spec of workflow NAME; it names its graph, else that is `NAME.graph.json`;
`library.yaml` is shared by all. `workflows.yaml` with `base.yaml` is a manifest that lists
workflows (workflows.manifests). Whatever is wrong with one workflow is said of that one alone.
"""

from collections.abc import Iterator, Mapping
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

SPEC_SUFFIX = ".yaml"
LIBRARY = f"library{SPEC_SUFFIX}"
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
    own = {source.name: source for source in sources(files)}
    listed, problem = manifest_sources(files)
    outcomes: dict[Source, Outcome] = {}
    for source in [*own.values(), *(entry for entry in listed if entry.name not in own)]:
        known = before.outcomes.get(source)
        kept = known if isinstance(known, WorkflowVersion) else outcome(source, rules)
        outcomes[source] = kept
    for entry in listed:
        if entry.name in own:
            clash = f"{entry.name}{SPEC_SUFFIX} and {MANIFEST} both define it"
            outcomes[own[entry.name]] = Broken(clash)
    return Reading(outcomes, problem)


def sources(files: Files) -> Iterator[Source]:
    for file_name in sorted(specs(files)):
        name, spec = file_name.removesuffix(SPEC_SUFFIX), files[file_name]
        if NAME.fullmatch(name):
            graph_name = name_of_graph(name, spec)
            yield Source(name, spec, files.get(LIBRARY), graph_name, files.get(graph_name))


def specs(files: Files) -> set[str]:
    reserved = {LIBRARY, MANIFEST, BASE} if is_manifest(files) else {LIBRARY}
    return {name for name in files if name.endswith(SPEC_SUFFIX)} - reserved


def misnamed(files: Files) -> set[str]:
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


def outcome(source: Source, rules: Rules) -> Outcome:
    """The checked version, or what is wrong with its files."""
    try:
        if source.is_manifest:
            return manifest_version(source, rules)
        version = checked_version(
            text_of(source.spec, f"{source.name}{SPEC_SUFFIX}"),
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

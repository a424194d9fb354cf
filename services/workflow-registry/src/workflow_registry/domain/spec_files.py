"""Decides which files of a folder are specs and where their graphs are; parses each text once.

A spec is `NAME.yaml`, `NAME.yml`, or a `NAME.json` that has the key `spec`. Its graph is the file
that it names, else `NAME.graph.json` (or `.yaml`, `.yml`).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from contracts.errors import InvalidError
from workflow_registry.domain.files import File, Files, Unsettled, stem
from workflows.spec.documents import read_mapping

YAML = (".yaml", ".yml")
GRAPHS = (".graph.json", ".graph.yaml", ".graph.yml")
SEEMS_SPEC = re.compile(r'"spec"\s*:')


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

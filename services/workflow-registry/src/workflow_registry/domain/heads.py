"""Which files of a folder are specs, and where their graphs are; each text is parsed once.

A spec is `NAME.yaml`, `NAME.yml` or `NAME.json`; of JSON files, those that have the key `spec`.
Its graph is the file that it names, else `NAME.graph.json` (or `.yaml`, `.yml`).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from contracts.errors import InvalidError
from workflow_registry.domain.files import File, Files, Unsettled
from workflows.spec.documents import read_mapping

YAML = (".yaml", ".yml")
GRAPHS = (".graph.json", ".graph.yaml", ".graph.yml")
SEEMS_SPEC = re.compile(r'"spec"\s*:')


@dataclass(frozen=True, slots=True)
class Head:
    """What one file says of itself."""

    file: File
    says_spec: bool
    """It has the key `spec`; or it is torn, and had it or seems to have it."""
    graph_name: str | None = None


Heads = Mapping[str, Head]


def heads(files: Files, before: Heads, reserved: Collection[str]) -> dict[str, Head]:
    """Of every file that may be a spec; what did not change is taken over from `before`."""
    found: dict[str, Head] = {}
    for name, file in files.items():
        if name.endswith((*YAML, ".json")) and not name.endswith(GRAPHS) and name not in reserved:
            known = before.get(name)
            found[name] = known if known and known.file == file else head(file, known)
    return found


def head(file: File, known: Head | None) -> Head:
    was_spec = known is not None and known.says_spec
    if isinstance(file, Unsettled):
        return Head(file, was_spec, known.graph_name if known else None)
    if not isinstance(file, str):
        return Head(file, was_spec)
    if "spec" not in file and not was_spec:  # a graph, which may be large
        return Head(file, says_spec=False)
    try:
        content = read_mapping(file, "it")
    except InvalidError:
        return Head(file, was_spec or bool(SEEMS_SPEC.search(file)))
    return Head(file, "spec" in content, str(content["graph"]) if content.get("graph") else None)


def specs(found: Heads, listed: Collection[str]) -> Iterator[str]:
    """Names of the files that are specs; `listed` are the graphs of a manifest.

    A YAML file is one whatever it says, unless it is another's graph; its problem shall be seen.
    """
    claimed = {head.graph_name for head in found.values() if head.says_spec} | {*listed}
    for name, head in sorted(found.items()):
        is_yaml = name.endswith(YAML)
        if (is_yaml and head.says_spec) or (name not in claimed and (is_yaml or head.says_spec)):
            yield name


def stem(file_name: str) -> str:
    return file_name.rpartition(".")[0]


def graph_of(file_name: str, head: Head, files: Files) -> str:
    """The name of the spec's graph, whether there is such a file or not."""
    if head.graph_name is not None:
        return head.graph_name
    usual = [f"{stem(file_name)}{suffix}" for suffix in GRAPHS]
    return next((name for name in usual if name in files), usual[0])

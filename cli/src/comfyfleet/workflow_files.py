"""Finds, reads and writes the files of a workflow: spec, graph and parameter library."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from comfyfleet import CommandError
from contracts.errors import InvalidError
from workflows.convert import is_save_format
from workflows.json_values import is_object
from workflows.spec.documents import read_mapping

LIBRARY = "library.yaml"
NOT_SPECS = ("library", "base", "workflows")
SPEC_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class WorkflowFiles:
    """The texts of one workflow."""

    path: Path
    spec: str
    graph: str
    library: str | None = None
    """The parameter library in the same folder, if the spec uses one."""


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield every spec that the paths name: a file itself, or the specs in a folder."""
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.iterdir()) if is_spec(file))
        else:
            yield path


def is_spec(path: Path) -> bool:
    """Return whether a file of a folder is a spec; a JSON file may also be a graph."""
    if path.stem in NOT_SPECS or path.stem.endswith(".graph") or not path.is_file():
        return False
    if path.suffix != ".json":
        return path.suffix in SPEC_SUFFIXES
    try:
        return "spec" in read_mapping(text_of(path), str(path))
    except (CommandError, InvalidError):
        return False


def read(path: Path) -> WorkflowFiles:
    """Read a spec and the graph that it names, else the graph of the same name beside it."""
    if path.suffix not in SPEC_SUFFIXES or path.name.endswith(".graph.json"):
        raise CommandError(f"{path} is not a spec: expected NAME.yaml, with its graph beside it.")
    spec = text_of(path)
    try:
        content = read_mapping(spec, str(path))
    except InvalidError as error:
        raise CommandError(error.message) from error
    named, library = content.get("graph"), path.with_name(LIBRARY)
    graph = path.parent / Path(str(named)).name if named else path.with_suffix(".graph.json")
    has_library = uses_library(content) and library.is_file()
    return WorkflowFiles(path, spec, text_of(graph), text_of(library) if has_library else None)


def uses_library(spec: dict[str, Any]) -> bool:
    inputs = spec.get("inputs")
    items: list[Any] = list(inputs.values()) if is_object(inputs) else []
    return any(is_object(item) and "use" in item for item in items)


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        raise CommandError(f"Cannot read {path}: {reason}") from error


def editor_file(text: str) -> dict[str, Any] | None:
    """Return a graph in the editor's save format; None for one in API format.

    Uploaded as it is, it stays with the version, and pictures open with its layout.
    """
    content = read_mapping(text, "graph")
    return content if is_save_format(content) else None


def write(
    folder: Path, name: str, spec: dict[str, Any], graph: dict[str, Any], *, force: bool
) -> list[Path]:
    """Write NAME.yaml and NAME.graph.json; overwrite files only with `force`."""
    graph_name = Path(str(spec.get("graph") or "")).name
    if not graph_name.endswith(".json") or graph_name.startswith("."):
        graph_name = f"{name}.graph.json"
    paths = [folder / f"{name}.yaml", folder / graph_name]
    taken = [str(path) for path in paths if path.exists()]
    if taken and not force:
        verb, them = ("exist", "them") if len(taken) > 1 else ("exists", "it")
        raise CommandError(f"{' and '.join(taken)} {verb} already; `--force` overwrites {them}.")
    texts = [as_yaml(spec), json.dumps(graph, indent=1) + "\n"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot write into {folder}: {error.strerror}") from error
    return paths


def as_yaml(spec: dict[str, Any]) -> str:
    return yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=100)

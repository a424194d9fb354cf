"""Reads the workflows that a manifest in the folder lists: `workflows.yaml` with `base.yaml`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import InvalidError
from workflow_registry.domain.checks import Rules, checked_version
from workflow_registry.domain.files import NAME, File, Files, Source, Unsettled, text_of
from workflows import WorkflowVersion, load_graph
from workflows.authoring.manifests import graph_file, spec_of
from workflows.json_values import is_array, is_object
from workflows.spec.documents import read_mapping

MANIFEST = "workflows.yaml"
BASE = "base.yaml"
MAX_WORKFLOWS = 1_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """The two files, parsed."""

    exists: bool = False
    texts: tuple[File | None, File | None] = (None, None)
    listed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    definitions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problem: str | None = None
    """Why the manifest cannot be read; then it lists nothing."""


def read_manifest(files: Files, before: Manifest) -> Manifest:
    """Parse the manifest if it changed; while one of its files is being written, keep `before`."""
    texts = (files.get(MANIFEST), files.get(BASE))
    if texts == before.texts or any(isinstance(text, Unsettled) for text in texts):
        return before
    if not is_manifest(texts[0]):
        return Manifest(texts=texts)
    try:
        listed = workflows_of(read_mapping(text_of(texts[0], MANIFEST), MANIFEST))
        base = read_mapping(text_of(texts[1], BASE), BASE)
    except InvalidError as error:
        return Manifest(exists=True, texts=texts, problem=error.message)
    return Manifest(exists=True, texts=texts, listed=listed, definitions=base)


def is_manifest(file: File | None) -> bool:
    """Return whether `workflows.yaml` is a manifest and not the spec of a workflow of that name."""
    if not isinstance(file, str):
        return file is not None
    return not any(line.startswith("spec:") for line in file.splitlines())


def workflows_of(manifest: dict[str, Any]) -> dict[str, Any]:
    if wrong := [name for name in manifest if not NAME.fullmatch(str(name))]:
        raise InvalidError(f"{MANIFEST}: {str(wrong[0])[:100]!r} is not {NAME.pattern}")
    if len(manifest) > MAX_WORKFLOWS:
        raise InvalidError(f"{MANIFEST}: more than {MAX_WORKFLOWS} workflows")
    return manifest


def source_of(name: str, entry: Any, base: Mapping[str, Any], files: Files) -> Source:
    """Return the source with the definitions that it uses; others do not change its version."""
    wanted: Any = entry.get("parameters") if is_object(entry) else None
    used = {str(item) for item in wanted} if is_array(wanted) else set[str]()
    definitions = {key: value for key, value in base.items() if key in used}
    spec, graph_name = json.dumps({"entry": entry, "base": definitions}), graph_file(entry, name)
    graph = files.get(graph_name)
    return Source(name, spec, None, graph_name, graph, is_manifest=True, spec_name=MANIFEST)


def manifest_version(source: Source, rules: Rules) -> WorkflowVersion:
    """Build and check the version. Raises Invalid."""
    content = json.loads(text_of(source.spec, MANIFEST))
    graph = load_graph(text_of(source.graph, source.graph_name), rules.classes or None)
    spec = spec_of(source.name, content["entry"], content["base"], graph)
    return checked_version(spec, graph, None, rules)

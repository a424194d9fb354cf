"""Loads a workflow version: a graph and its complete spec, checked once and named by their hash.

It takes texts or parsed files and does no I/O, so the registry, a folder watcher and `comfyfleet`
give the same answer about the same files.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer

from contracts.errors import FieldError, InvalidError
from workflows.compatibility.bypass import through_for
from workflows.compatibility.incompatible import incompatible
from workflows.compatibility.object_info import ObjectInfo
from workflows.convert import EditorFile, convert, editor_file, is_save_format
from workflows.graph.graph import Graph
from workflows.problems import Problems
from workflows.spec.binding import Action
from workflows.spec.documents import MOST_BYTES, canonical_bytes, read_graph, read_mapping
from workflows.spec.library import Library, read_library, with_library
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import OutputSpec, Spec
from workflows.versions.consistency import check_graph, check_spec

A = TypeVar("A", bound=Action)
Ordered = TypeVar("Ordered", InputSpec, OutputSpec)
MOST_TOGETHER = MOST_BYTES - 16 * 1024
"""Limit of graph, spec and the editor's file; the rest is for what else a record has."""
NOT_VALID = "The workflow is not valid"
TOO_LARGE = "too large to be kept beside its graph: its pictures open without its layout"
ORDER_GAP = 10
"""Distance of positions, so that an explicit `order` fits between them."""


class WorkflowVersion(BaseModel):
    """A checked, immutable workflow."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="Name of the workflow.")
    graph: dict[str, Any] = Field(description="ComfyUI graph in API format, unchanged.")
    spec: Spec = Field(description="The complete spec, without references to a library.")
    hash: str = Field(
        description="SHA-256 of graph, spec and the editor's file, hex: the version's id."
    )
    editor_file: EditorFile | None = Field(
        None, description="The editor's file of which the graph was made, if it was."
    )
    left_out: tuple[FieldError, ...] = Field(
        (),
        exclude=True,
        description="Parts of a saved file that its conversion left out; not stored.",
    )

    @field_serializer("spec")
    def stored_spec(self, spec: Spec) -> dict[str, Any]:
        return spec.content()

    def content(self) -> dict[str, Any]:
        """Return what of the version runs: graph and spec."""
        return self.model_dump(include={"graph", "spec"})


def load_version(
    spec: str | dict[str, Any],
    graph: str | dict[str, Any],
    library: str | dict[str, Any] | None = None,
    object_info: Mapping[str, Any] | None = None,
) -> WorkflowVersion:
    """Read and check one version; raise Invalid with every problem.

    With the `object_info` of the fleet, a graph in ComfyUI's save format is converted, and the
    spec is checked against the classes.
    """
    problems = Problems()
    definitions: Library = {} if library is None else read_library(library)
    raw = with_library(read_mapping(spec, "spec"), definitions, problems)
    left_out: list[FieldError] = []
    source = read_graph(graph)
    content, is_graph = as_graph(source, object_info, problems, left_out)
    parsed = parse_spec(raw, problems)
    if not parsed.outputs:
        problems.add("outputs", "missing", "expected at least one output")
    if is_graph:
        parsed = completed(parsed, content, object_info or {})
        check_spec(parsed, content, problems)
        if object_info and not problems.errors:
            problems.errors += incompatible(content, parsed, object_info)
    problems.raise_if_any(NOT_VALID, code="invalid_workflow")
    encoded = canonical_bytes({"graph": content, "spec": parsed.content()}, "workflow")
    kept = None if content is source else kept_file(source, object_info or {}, content, encoded)
    if kept:
        encoded += kept.text.encode()
    elif content is not source:
        left_out.append(FieldError(path="graph", code="too_large", message=TOO_LARGE))
    return WorkflowVersion(
        name=parsed.name,
        graph=content,
        spec=parsed,
        hash=hashlib.sha256(encoded).hexdigest(),
        editor_file=kept,
        left_out=tuple(left_out),
    )


def kept_file(
    source: dict[str, Any], object_info: ObjectInfo, graph: Graph, encoded: bytes
) -> EditorFile | None:
    """Return the editor's file for keeping, unless graph, spec and it are too large together."""
    found = editor_file(source, object_info, graph)
    size = len(encoded) + len(found.model_dump_json().encode())
    return found if size <= MOST_TOGETHER else None


def load_graph(
    graph: str | dict[str, Any],
    object_info: Mapping[str, Any] | None = None,
    left_out: list[FieldError] | None = None,
) -> dict[str, Any]:
    """Return a bare graph in API format, converted if necessary; raise Invalid if it cannot run.

    `left_out` collects what a conversion does not take from the file.
    """
    problems = Problems()
    found = [] if left_out is None else left_out
    content, _ = as_graph(read_graph(graph), object_info, problems, found)
    problems.raise_if_any("The graph is not valid", code="invalid_workflow")
    return content


def as_graph(
    graph: dict[str, Any],
    object_info: Mapping[str, Any] | None,
    problems: Problems,
    left_out: list[FieldError],
) -> tuple[dict[str, Any], bool]:
    """Return the graph in API format, converted if necessary, and whether it can run at all."""
    if object_info is not None and is_save_format(graph):
        try:
            conversion = convert(graph, object_info)
        except InvalidError as error:
            problems.errors += error.errors
            return graph, False
        left_out += conversion.warnings
        graph = conversion.graph
    return graph, check_graph(graph, problems)


def parse_spec(raw: dict[str, Any], problems: Problems) -> Spec:
    """Return the spec as a model; raise Invalid with its problems and those found before."""
    read = {key: raw[key] for key in raw if key != "$schema"}  # which is for editors only
    try:
        return Spec.model_validate(read)
    except ValidationError as error:
        problems.add_validation(error, read)
        raise problems.as_error(NOT_VALID, code="invalid_workflow") from error


def completed(spec: Spec, graph: Graph, object_info: ObjectInfo) -> Spec:
    """Return the spec with every `order` and `through`: JSON stores lose the order of a file."""
    inputs = {name: completed_input(item, graph, object_info) for name, item in spec.inputs.items()}
    return spec.model_copy(
        update={"inputs": with_order(inputs), "outputs": with_order(spec.outputs)}
    )


def completed_input(item: InputSpec, graph: Graph, object_info: ObjectInfo) -> InputSpec:
    def complete(action: A) -> A:
        if action.bypass is None or action.through is not None or action.bypass not in graph:
            return action
        through = through_for(graph, action.bypass, object_info)
        return action.model_copy(update={"through": through})

    update: dict[str, Any] = {
        "when_absent": item.when_absent and complete(item.when_absent),
        "when": [complete(when) for when in item.when],
        "bind": [
            bind.model_copy(update={"when_absent": bind.when_absent and complete(bind.when_absent)})
            for bind in item.bind
        ],
    }
    if item.is_spread and item.bind and item.max_items is None:
        update["max_items"] = len(item.bind)
    return item.model_copy(update=update)


def with_order(entries: Mapping[str, Ordered]) -> dict[str, Ordered]:
    return {
        name: entry.model_copy(
            update={"order": place * ORDER_GAP if entry.order is None else entry.order}
        )
        for place, (name, entry) in enumerate(entries.items(), start=1)
    }

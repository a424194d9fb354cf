"""Loads a workflow version: a graph and its complete spec, checked once and named by their hash.

It takes texts or parsed files and does no I/O, so the registry, a folder watcher and `comfyfleet`
give the same answer about the same files.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer

from contracts.errors import InvalidError
from workflows.compatibility.incompatible import incompatible
from workflows.convert import is_save_format, to_api
from workflows.problems import Problems
from workflows.spec.documents import canonical_bytes, read_mapping
from workflows.spec.library import Library, read_library, with_library
from workflows.spec.spec import Spec
from workflows.versions.completion import completed
from workflows.versions.consistency import check_graph, check_spec

NOT_VALID = "The workflow is not valid"


class WorkflowVersion(BaseModel):
    """A checked, immutable workflow."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="Name of the workflow.")
    graph: dict[str, Any] = Field(description="ComfyUI graph in API format, unchanged.")
    spec: Spec = Field(description="The complete spec, without references to a library.")
    hash: str = Field(description="SHA-256 of graph and spec, hex: the version's id.")

    @field_serializer("spec")
    def stored_spec(self, spec: Spec) -> dict[str, Any]:
        return spec.content()

    def content(self) -> dict[str, Any]:
        """Return what the hash names: graph and spec."""
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
    content, is_graph = as_graph(read_mapping(graph, "graph"), object_info, problems)
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
    digest = hashlib.sha256(encoded).hexdigest()
    return WorkflowVersion(name=parsed.name, graph=content, spec=parsed, hash=digest)


def load_graph(
    graph: str | dict[str, Any], object_info: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a bare graph in API format, converted if necessary; raise Invalid if it cannot run."""
    problems = Problems()
    content, _ = as_graph(read_mapping(graph, "graph"), object_info, problems)
    problems.raise_if_any("The graph is not valid", code="invalid_workflow")
    return content


def as_graph(
    graph: dict[str, Any], object_info: Mapping[str, Any] | None, problems: Problems
) -> tuple[dict[str, Any], bool]:
    """Return the graph in API format, converted if necessary, and whether it can run at all."""
    if object_info is not None and is_save_format(graph):
        try:
            graph = to_api(graph, object_info)
        except InvalidError as error:
            problems.errors += error.errors
            return graph, False
    return graph, check_graph(graph, problems)


def parse_spec(raw: dict[str, Any], problems: Problems) -> Spec:
    """Return the spec as a model; raise Invalid with its problems and those found before."""
    try:
        # `$schema` is for editors only
        return Spec.model_validate({key: raw[key] for key in raw if key != "$schema"})
    except ValidationError as error:
        problems.add_validation(error)
        raise problems.as_error(NOT_VALID, code="invalid_workflow") from error

"""A workflow version: graph and resolved spec, checked once, named by the hash of both.

Takes texts or parsed files and does no I/O, so that the registry, a folder watcher and
`comfyfleet` all say the same about the same files.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import InvalidError
from workflows.compatibility.suits import unsuited
from workflows.convert import is_save_format, to_api
from workflows.graph.freeze import frozen
from workflows.spec.consistency import check_graph, check_spec
from workflows.spec.library import Library, read_library, with_library
from workflows.spec.problems import Problems
from workflows.spec.read import canonical_bytes, read_mapping
from workflows.spec.spec import FORMAT, Spec

NOT_VALID = "The workflow is not valid"


class WorkflowVersion(BaseModel):
    """A workflow as it can run: immutable, and the same wherever it is read."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="Address of the workflow.")
    graph: dict[str, Any] = Field(description="ComfyUI graph in API format, untouched.")
    spec: Spec = Field(description="The spec with the parameter library resolved.")
    hash: str = Field(description="SHA-256 over graph and resolved spec, hex: the version's id.")


def load_version(
    spec: str | dict[str, Any],
    graph: str | dict[str, Any],
    library: str | dict[str, Any] | None = None,
    object_info: Mapping[str, Any] | None = None,
) -> WorkflowVersion:
    """Read and check one version; Invalid lists all that is wrong with it.

    If `object_info` tells the fleet's classes, a graph in ComfyUI's save format is converted, and
    the spec is held against them.
    """
    problems = Problems()
    definitions: Library = {} if library is None else read_library(library)
    raw = with_library(read_mapping(spec, "spec"), definitions, problems)
    content, is_graph = as_graph(read_mapping(graph, "graph"), object_info, problems)
    parsed = parse_spec(raw, problems)
    if not parsed.outputs:
        problems.add("outputs", "missing", "expected at least one output")
    if is_graph:
        parsed = frozen(parsed, content, object_info or {})
        check_spec(parsed, content, problems)
        if object_info and not problems.errors:
            problems.errors += unsuited(content, parsed, object_info)
    problems.raise_if_any(NOT_VALID, code="invalid_workflow")
    return version_of(parsed, content)


def load_raw(
    graph: str | dict[str, Any], object_info: Mapping[str, Any] | None = None
) -> WorkflowVersion:
    """An anonymous version for a bare graph: no inputs, and every output kept."""
    problems = Problems()
    content, _ = as_graph(read_mapping(graph, "graph"), object_info, problems)
    problems.raise_if_any("The graph is not valid", code="invalid_workflow")
    spec_format: Literal["comfyfleet/v1"] = FORMAT
    return version_of(Spec(spec=spec_format, name="graph"), content)


def as_graph(
    graph: dict[str, Any], object_info: Mapping[str, Any] | None, problems: Problems
) -> tuple[dict[str, Any], bool]:
    """The graph in API format, converted if need be, and whether it can run at all."""
    if object_info is not None and is_save_format(graph):
        try:
            graph = to_api(graph, object_info)
        except InvalidError as error:
            problems.errors += error.errors
            return graph, False
    return graph, check_graph(graph, problems)


def parse_spec(raw: dict[str, Any], problems: Problems) -> Spec:
    """The spec as a model; Invalid tells its problems with those found before."""
    try:
        # `$schema` is a word to editors
        return Spec.model_validate({key: raw[key] for key in raw if key != "$schema"})
    except ValidationError as error:
        problems.add_validation(error)
        raise problems.as_error(NOT_VALID, code="invalid_workflow") from error


def version_of(spec: Spec, graph: dict[str, Any]) -> WorkflowVersion:
    encoded = canonical_bytes({"graph": graph, "spec": spec.content()}, "workflow")
    digest = hashlib.sha256(encoded).hexdigest()
    return WorkflowVersion(name=spec.name, graph=graph, spec=spec, hash=digest)

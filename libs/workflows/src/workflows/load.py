"""A workflow version: graph and resolved spec, checked once, named by the hash of both.

Takes texts or parsed files and does no I/O, so that the registry, a folder watcher and
`comfyfleet` all say the same about the same files.
"""

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflows.consistency import check_graph, check_spec
from workflows.freeze import frozen
from workflows.library import Library, read_library, with_library
from workflows.problems import Problems
from workflows.read import canonical_bytes, read_mapping
from workflows.spec import FORMAT, Spec

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
) -> WorkflowVersion:
    """Read and check one version; Invalid lists all that is wrong with it."""
    problems = Problems()
    definitions: Library = {} if library is None else read_library(library)
    raw = with_library(read_mapping(spec, "spec"), definitions, problems)
    content = read_mapping(graph, "graph")
    is_graph = check_graph(content, problems)
    parsed = parse_spec(raw, problems)
    if not parsed.outputs:
        problems.add("outputs", "missing", "expected at least one output")
    if is_graph:
        parsed = frozen(parsed, content)
        check_spec(parsed, content, problems)
    problems.raise_if_any(NOT_VALID, code="invalid_workflow")
    return version_of(parsed, content)


def load_raw(graph: str | dict[str, Any]) -> WorkflowVersion:
    """An anonymous version for a bare graph: no inputs, and every output kept."""
    problems = Problems()
    content = read_mapping(graph, "graph")
    check_graph(content, problems)
    problems.raise_if_any("The graph is not valid", code="invalid_workflow")
    spec_format: Literal["comfyfleet/v1"] = FORMAT
    return version_of(Spec(spec=spec_format, name="graph"), content)


def parse_spec(raw: dict[str, Any], problems: Problems) -> Spec:
    """The spec as a model; Invalid tells its problems with those found before."""
    try:
        return Spec.model_validate(raw)
    except ValidationError as error:
        problems.add_validation(error)
        raise problems.as_error(NOT_VALID, code="invalid_workflow") from error


def version_of(spec: Spec, graph: dict[str, Any]) -> WorkflowVersion:
    encoded = canonical_bytes({"graph": graph, "spec": spec.content()}, "workflow")
    digest = hashlib.sha256(encoded).hexdigest()
    return WorkflowVersion(name=spec.name, graph=graph, spec=spec, hash=digest)

"""Checks every version, from the folder, from an upload or from a job."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import FieldError, InvalidError
from contracts.registry.workflows import WorkflowVersionRecord
from contracts.values import RAW_GRAPHS, fitting
from workflow_registry.domain.descriptions import Classes
from workflows import WorkflowVersion, load_version
from workflows.compatibility.safety import FORBIDDEN, risks
from workflows.problems import Problems

MAX_RECORD_BYTES = 500 * 1024
"""A bucket refuses values over 512 KiB; the rest is for headers."""
MAX_SHOWN = 5
MAX_WARNINGS = 100
MAX_LIST_BYTES = 96 * 1024
"""Warnings, and as much again for differences, beside graph and spec in one answer."""
LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Rules:
    """Graph-node classes that the operator forbids, and those that the fleet has."""

    forbidden: tuple[str, ...] = FORBIDDEN
    classes: Classes = field(default_factory=dict[str, Mapping[str, Any]])


def checked_version(
    spec: str | dict[str, Any],
    graph: str | dict[str, Any],
    library: str | dict[str, Any] | None,
    rules: Rules,
) -> WorkflowVersion:
    """Parse and check a version of a workflow. Raises Invalid with everything that is wrong."""
    version = safe_version(spec, graph, library, rules)
    if version.name == RAW_GRAPHS:
        problems = Problems()
        problems.add("name", "reserved", "it stands for graphs without a workflow: choose another")
        raise problems.as_error("The workflow is not valid", code="invalid_workflow")
    return version


def safe_version(
    spec: str | dict[str, Any],
    graph: str | dict[str, Any],
    library: str | dict[str, Any] | None,
    rules: Rules,
) -> WorkflowVersion:
    """Parse and check a version, whatever its name is."""
    version = load_version(spec, graph, library, rules.classes or None)
    if found := risks(version.graph, version.spec, rules.forbidden):
        shown = "; ".join(error.message for error in found[:MAX_SHOWN])
        raise InvalidError(
            f"The workflow is not safe: {shown}", code="unsafe_workflow", errors=found
        )
    if len(record(version, number=10**9).model_dump_json().encode()) > MAX_RECORD_BYTES:
        raise InvalidError(
            f"graph and spec are over {MAX_RECORD_BYTES // 1024} KiB", code="too_big"
        )
    return version


def first_warnings(found: Sequence[FieldError]) -> list[FieldError]:
    """Return the first warnings, as many as fit; names in a graph can be as long as the graph."""
    return fitting(map(shortened, found[:MAX_WARNINGS]), MAX_LIST_BYTES)


def shortened(warning: FieldError) -> FieldError:
    params = warning.params if len(json.dumps(warning.params)) <= LONGEST_TEXT else {}
    path, message = warning.path[:LONGEST_TEXT], warning.message[:LONGEST_TEXT]
    return FieldError(path=path, code=warning.code, message=message, params=params)


def record(version: WorkflowVersion, *, number: int) -> WorkflowVersionRecord:
    return WorkflowVersionRecord(**version.model_dump(), version=number)

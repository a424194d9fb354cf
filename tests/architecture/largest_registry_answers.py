"""The largest answers of the workflow registry, and what the largest of all owners share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel

from contracts.errors import FieldError
from contracts.registry.graphs import GraphView
from contracts.registry.requests import (
    CoverageView,
    DescriptionView,
    Difference,
    NodeCoverage,
    ProposalView,
    UploadView,
    ValidationView,
    VersionPage,
    VersionSummary,
)
from contracts.registry.workflows import WorkflowEntry
from contracts.scheduler.nodes import NodePhase
from contracts.values import Unmet, fitting
from scheduler.domain.requirements import MOST_UNMET
from workflow_registry.domain.checks import (
    LONGEST_TEXT,
    MAX_LIST_BYTES,
    MAX_RECORD_BYTES,
    first_warnings,
)
from workflow_registry.domain.coverage import MAX_BYTES
from workflow_registry.handlers.workflows import MAX_VERSIONS
from workflows.authoring.differences import LONGEST_VALUE

ID, TIME, URL = UUID(int=2**128 - 1), datetime(2026, 1, 1, 1, 1, 1, 999_999, UTC), "x" * 2_000
"""A presigned URL is far shorter."""


def text(characters: int) -> str:
    return "\x01" * characters


UNMET = [
    Unmet(kind="class", **dict.fromkeys(("name", "value", "input", "field", "message"), text(999)))
] * MOST_UNMET
ENTRY = WorkflowEntry(
    name="n" * 63,
    active_version=1,
    versions=dict.fromkeys(range(10**6, 10**6 + MAX_VERSIONS), "h" * 64),
    drafts=list(range(10**6, 10**6 + 100)),
    title="t" * 1_000,
    description="d" * 10_000,
    category="utility",
    problem="p" * 10_000,
    unmet=UNMET,
)
VERSION = VersionSummary(
    version=10**6, hash="h" * 64, status="inactive", created_at=TIME, created_by=ID
)
COVERED = NodeCoverage(
    node_id=ID,
    name=text(80),
    phase=NodePhase.QUARANTINED,
    is_described=True,
    is_runnable=False,
    unmet=UNMET,
)
COVERAGE = CoverageView(
    is_runnable=False, nodes=fitting([COVERED] * 1_000, MAX_BYTES), node_count=10**6
)
WARNINGS = first_warnings(
    [
        FieldError(
            path=text(9_999), code="c" * 40, message=text(9_999), params={"p": text(LONGEST_TEXT)}
        )
    ]
    * 1_000
)
LONG_TEXT = text(LONGEST_VALUE)
MOST_INPUTS = 200
"""Inputs of one spec."""
DIFFERENCES = fitting(
    [Difference(path=LONG_TEXT, kind="changed", before=LONG_TEXT, after=LONG_TEXT)] * 200,
    MAX_LIST_BYTES,
)

REGISTRY_ANSWERS: Iterable[BaseModel] = (
    ENTRY,
    VersionPage(items=[VERSION] * MAX_VERSIONS),
    COVERAGE,
    UploadView(
        name="n" * 63,
        version=10**6,
        hash="h" * 64,
        is_new=True,
        is_active=True,
        coverage=COVERAGE,
        warnings=WARNINGS,
        warning_count=10**6,
    ),
    ValidationView(
        name="n" * 63,
        hash="h" * 64,
        version=10**6,
        spec={"text": "x" * MAX_RECORD_BYTES},
        coverage=COVERAGE,
        differences=DIFFERENCES,
        difference_count=10**6,
        warnings=WARNINGS,
        warning_count=10**6,
    ),
    ProposalView(
        spec={"text": "x" * MAX_RECORD_BYTES}, graph={}, warnings=WARNINGS, warning_count=10**6
    ),
    DescriptionView(is_known=True),
    GraphView(hash="h" * 64, inputs={f"file_{n}": {"media": str(ID)} for n in range(MOST_INPUTS)}),
)

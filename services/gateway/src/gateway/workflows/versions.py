"""Decides which version a reference means: `inpaint@3`, or `inpaint` for the active one."""

import re
from dataclasses import dataclass

from pydantic import Field

from contracts.access import Actor, Permission
from contracts.errors import FieldError, ForbiddenError, InvalidError, NotFoundError
from contracts.registry.graphs import UNNUMBERED
from contracts.registry.workflows import WorkflowEntry
from contracts.values import GRAPH_REFERENCE, RAW_GRAPHS
from workflows import WorkflowVersion

REFERENCE = re.compile(r"(?P<name>[a-z][a-z0-9_-]{0,62})(@(?P<number>[1-9][0-9]{0,8}))?")


REFUSALS = (
    "not_found",
    "switched_off",
    "withdrawn",
    "draft",
    "version_gone",
    "unreadable_value",
    "too_many_graphs",
    "graphs_full",
)
"""Problems of a reference to a version, or a raw graph, in the body of a request."""


@dataclass(frozen=True, slots=True)
class Place:
    """The fields of a request that name a workflow and a version, for the paths of errors."""

    name: str
    version: str


IN_BODY, IN_REFERENCE, IN_PATH = (
    Place("workflow", "workflow"),
    Place("name", "name"),
    Place("name", "version"),
)


class ParsedVersion(WorkflowVersion):
    """One version, parsed from the value that the registry publishes."""

    version: int = Field(description="Its number; 0 for a raw graph.")

    @property
    def reference(self) -> str:
        if self.version == UNNUMBERED:
            return f"{RAW_GRAPHS}@{self.hash}"
        return f"{self.name}@{self.version}"


def raw_graph_hash(reference: str) -> str | None:
    """Return the hash in a reference to a raw graph; None if it names a workflow."""
    match = GRAPH_REFERENCE.fullmatch(reference)
    return match["hash"] if match else None


def require_graphs_run(actor: Actor) -> None:
    """Raise ForbiddenError for a caller who may run workflows only."""
    if not actor.may(Permission.GRAPHS_RUN):
        message = f"running a graph without a workflow needs the permission {Permission.GRAPHS_RUN}"
        raise ForbiddenError(message, code="missing_permission")


def refuse_unreachable(actor: Actor, name: str, place: Place = IN_BODY) -> None:
    """Raise NotFoundError for a workflow that does not exist for the caller's role."""
    if not actor.reach.has_workflow(name):
        raise unknown(f"there is no workflow {name}", place.name)


def parse_reference(text: str, place: Place = IN_BODY) -> tuple[str, int | None]:
    """`inpaint@3` → ("inpaint", 3); `inpaint` → ("inpaint", None), which is the active one."""
    match = REFERENCE.fullmatch(text)
    if not match:
        message = (
            "expected `name` or `name@version`; a name has at most 63 small letters, digits, `_` "
            "and `-`, and begins with a letter"
        )
        errors = [FieldError(path=place.name, code="bad_reference", message=message)]
        raise InvalidError(f"{place.name}: {message}", errors=errors)
    number = match["number"]
    return match["name"], int(number) if number else None


def hash_to_run(
    workflow: WorkflowEntry | None, name: str, number: int | None, *, may_edit: bool
) -> str:
    """Return the hash of a version for a new job.

    Raises NotFoundError, also if the version may not be run any more, and ForbiddenError for a
    draft that the caller may not activate.
    """
    if workflow is None or workflow.is_deleted:
        raise unknown(f"there is no workflow {name}")
    if not workflow.is_enabled:
        raise unknown(f"workflow {name} is switched off", code="switched_off")
    if is_withdrawn(workflow):
        raise unknown(f"workflow {name} was taken out of its folder", code="withdrawn")
    found = hash_of(workflow, name, number)
    if number in workflow.drafts and not may_edit:
        message = (
            f"{name}@{number} is a draft: until somebody activates it, running it needs the "
            "permission workflows:write"
        )
        errors = [FieldError(path=IN_BODY.version, code="draft", message=message)]
        raise ForbiddenError(message, code="draft", errors=errors)
    return found


def is_withdrawn(workflow: WorkflowEntry) -> bool:
    """Return whether its file is gone, so that no version may run."""
    return workflow.source != "api" and workflow.active_version is None


def hash_to_read(
    workflow: WorkflowEntry | None, name: str, number: int | None, place: Place
) -> str:
    """Return the hash of a version for reading; without an active version, of the newest one."""
    if workflow and number is None and workflow.active_version is None:
        number = max(workflow.versions, default=None)
    return hash_of(workflow, name, number, place)


def hash_of(
    workflow: WorkflowEntry | None, name: str, number: int | None, place: Place = IN_BODY
) -> str:
    """Return the version's hash. Raises NotFoundError with the missing part."""
    if workflow is None:
        raise unknown(f"there is no workflow {name}", place.name)
    wanted = workflow.active_version if number is None else number
    if wanted is None:
        raise unknown(without_active_version(workflow), place.name)
    if wanted not in workflow.versions:
        raise unknown(f"workflow {name} has no version {wanted}", place.version)
    return workflow.versions[wanted]


def without_active_version(workflow: WorkflowEntry) -> str:
    said = f"workflow {workflow.name} has no active version"
    if not workflow.versions or is_withdrawn(workflow):
        return said
    newest = f"{workflow.name}@{max(workflow.versions)}"
    return f"{said}; `comfyfleet workflows activate {newest}` makes one of its versions active"


def unknown(message: str, path: str = IN_BODY.name, *, code: str = "not_found") -> NotFoundError:
    """Name the field too: in a job the body is wrong, not the path."""
    return NotFoundError(
        message, code=code, errors=[FieldError(path=path, code="unknown", message=message)]
    )

"""Decides which version a reference means: `inpaint@3`, or `inpaint` for the active one."""

import re

from pydantic import Field

from contracts.errors import FieldError, ForbiddenError, InvalidError, NotFoundError
from contracts.registry.workflows import WorkflowEntry
from workflows import WorkflowVersion

REFERENCE = re.compile(r"(?P<name>[a-z][a-z0-9_-]{0,62})(@(?P<number>[1-9][0-9]{0,8}))?")


REFUSALS = ("not_found", "switched_off", "withdrawn", "draft", "unreadable_value")
"""Problems of a reference to a version in the body of a request."""


class ParsedVersion(WorkflowVersion):
    """One version, parsed from the value that the registry publishes."""

    version: int = Field(description="Its number.")

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"


def parse_reference(text: str) -> tuple[str, int | None]:
    """`inpaint@3` → ("inpaint", 3); `inpaint` → ("inpaint", None), which is the active one."""
    match = REFERENCE.fullmatch(text)
    if not match:
        message = "expected `name` or `name@version`"
        raise InvalidError(message, errors=of_workflow("bad_reference", message))
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
    if number is not None and is_withdrawn(workflow):
        raise unknown(f"workflow {name} was taken out of its folder", code="withdrawn")
    found = hash_of(workflow, name, number)
    if number in workflow.drafts and not may_edit:
        message = (
            f"{name}@{number} is a draft: until somebody activates it, running it needs the "
            "permission workflows:write"
        )
        raise ForbiddenError(message, code="draft", errors=of_workflow("draft", message))
    return found


def is_withdrawn(workflow: WorkflowEntry) -> bool:
    """Return whether its file is gone, so that no version may run."""
    return workflow.source != "api" and workflow.active_version is None


def hash_of(workflow: WorkflowEntry | None, name: str, number: int | None) -> str:
    """Return the version's hash for reading. Raises NotFoundError with the missing part."""
    if workflow is None:
        raise unknown(f"there is no workflow {name}")
    wanted = workflow.active_version if number is None else number
    if wanted is None:
        raise unknown(f"workflow {name} has no active version")
    if wanted not in workflow.versions:
        raise unknown(f"workflow {name} has no version {wanted}")
    return workflow.versions[wanted]


def unknown(message: str, code: str = "not_found") -> NotFoundError:
    return NotFoundError(message, code=code, errors=of_workflow("unknown", message))


def of_workflow(code: str, message: str) -> list[FieldError]:
    """Name the field too: in a job the body is wrong, not the path."""
    return [FieldError(path="workflow", code=code, message=message)]

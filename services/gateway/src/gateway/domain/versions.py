"""Workflows by name, and one version as the gateway needs it: parsed once, used often."""

import re
from dataclasses import dataclass
from typing import Any

from contracts.errors import FieldError, ForbiddenError, InvalidError, NotFoundError
from contracts.registry.workflows import WorkflowName, WorkflowVersionRecord
from workflows import Spec

REFERENCE = re.compile(r"(?P<name>[a-z][a-z0-9_-]{0,62})(@(?P<number>[1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class Version:
    name: str
    number: int
    hash: str
    graph: dict[str, Any]
    spec: Spec

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.number}"


def parse_version(record: WorkflowVersionRecord) -> Version:
    return Version(
        name=record.name,
        number=record.version,
        hash=record.hash,
        graph=record.graph,
        spec=Spec.model_validate(record.spec),
    )


def parse_reference(text: str) -> tuple[str, int | None]:
    """`inpaint@3` → ("inpaint", 3); `inpaint` → ("inpaint", None), which is the active one."""
    match = REFERENCE.fullmatch(text)
    if not match:
        message = "expected `name` or `name@version`"
        raise InvalidError(
            message, errors=[FieldError(path="workflow", code="bad_reference", message=message)]
        )
    number = match["number"]
    return match["name"], int(number) if number else None


def hash_to_run(
    known: WorkflowName | None, name: str, number: int | None, *, may_edit: bool
) -> str:
    """The hash of a version for a new job; NotFound also if it may not be run any more.

    A draft is for who may make it active. Raises Forbidden for others.
    """
    if known is None or known.is_deleted:
        raise not_there(f"there is no workflow {name}")
    if not known.is_enabled:
        raise not_there(f"workflow {name} is switched off", code="switched_off")
    if number is not None and is_withdrawn(known):
        raise not_there(f"workflow {name} was taken out of its folder", code="withdrawn")
    found = hash_of(known, name, number)
    if number in known.drafts and not may_edit:
        raise DraftError(name, number)
    return found


def is_withdrawn(known: WorkflowName) -> bool:
    """Its file is gone, and with it the right to run any version."""
    return known.source != "api" and known.active_version is None


class DraftError(ForbiddenError):
    code = "draft"

    def __init__(self, name: str, number: int) -> None:
        message = (
            f"{name}@{number} is a draft: until somebody activates it, only who has the "
            "permission workflows:write can run it"
        )
        super().__init__(
            message, errors=[FieldError(path="workflow", code=self.code, message=message)]
        )


def hash_of(known: WorkflowName | None, name: str, number: int | None) -> str:
    """The version's hash, for reading; NotFound names what is not there."""
    if known is None:
        raise unknown(f"there is no workflow {name}")
    wanted = known.active_version if number is None else number
    if wanted is None:
        raise unknown(f"workflow {name} has no active version")
    if wanted not in known.versions:
        raise unknown(f"workflow {name} has no version {wanted}")
    return known.versions[wanted]


def unknown(message: str) -> NotFoundError:
    """Name the field too: in a job it is the body that is wrong, not the address."""
    return NotFoundError(
        message, errors=[FieldError(path="workflow", code="unknown", message=message)]
    )


def not_there(message: str, code: str = "not_found") -> NotFoundError:
    """Names the field of a job that led here."""
    errors = [FieldError(path="workflow", code="unknown", message=message)]
    return NotFoundError(message, code=code, errors=errors)

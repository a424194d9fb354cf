"""How a workflow changes when its source does.

A version is immutable and numbered from 1; the same content is the same version, so a file that
is put back activates an older one. A broken source leaves the active version as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.catalog import WorkflowName
from workflow_registry.domain.reading import Broken, Outcome
from workflows import WorkflowVersion


@dataclass(frozen=True, slots=True)
class Change:
    """A workflow as it is from now on, and the version that it got, if it got one."""

    workflow: WorkflowName
    added: WorkflowVersion | None = None


def changes(known: Mapping[str, WorkflowName], found: Mapping[str, Outcome]) -> list[Change]:
    """What differs between the catalogue and a folder; empty if nothing does."""
    decided = [decide(name, known.get(name), found.get(name)) for name in sorted({*known, *found})]
    return [change for change in decided if change.workflow != known.get(change.workflow.name)]


def decide(name: str, known: WorkflowName | None, found: Outcome | None) -> Change:
    current = known or unpublished(name)
    match found:
        case None:
            return Change(current.model_copy(update={"active_version": None, "problem": None}))
        case Broken(problem):
            return Change(current.model_copy(update={"problem": problem}))
        case WorkflowVersion():
            return activate(current, found)


def unpublished(name: str) -> WorkflowName:
    """A workflow without a version: its first source was broken."""
    return WorkflowName(name=name, active_version=None, versions={}, title=name, category="utility")


def activate(current: WorkflowName, version: WorkflowVersion) -> Change:
    numbers = {digest: number for number, digest in current.versions.items()}
    number = numbers.get(version.hash) or max(current.versions, default=0) + 1
    workflow = WorkflowName(
        name=current.name,
        active_version=number,
        versions={**current.versions, number: version.hash},
        title={**version.spec.title} or current.name,
        description={**version.spec.description},
        category=version.spec.category,
        requires_mask=version.spec.requires_mask,
    )
    return Change(workflow, None if version.hash in numbers else version)

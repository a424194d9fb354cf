"""Decides how a workflow changes: by its folder or by people through the API, never by both.

A version is immutable and numbered from 1. The same content is the same version, so a file that
is put back activates an older one. A broken source leaves the active version as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypedDict

from contracts.errors import ConflictError, NotFoundError
from contracts.registry.workflows import WorkflowEntry
from contracts.values import Unmet
from workflow_registry.domain.folder import Broken, FolderContent, Outcome
from workflows import WorkflowVersion

Origin: TypeAlias = Literal["folder", "manifest", "api"]


class Coverage(TypedDict):
    """The fleet's ability to run one version now."""

    is_runnable: bool | None
    unmet: list[Unmet]


MAX_RELEASED = 400
MAX_DRAFTS = 100
"""Versions of each sort that are published: an entry of a bucket has at most 512 KiB."""
CLASH = "the folder has a workflow of this name as well, which is left out"


class OtherSourceError(ConflictError):
    """The workflow comes from the folder and can be changed only there."""

    code = "other_source"


@dataclass(frozen=True, slots=True)
class Change:
    """A workflow as it is from now on, and the version that was added, if any."""

    workflow: WorkflowEntry
    added: WorkflowVersion | None = None

    @property
    def number(self) -> int:
        """The number of the version that was added."""
        return max(self.workflow.versions)


def changes(known: Mapping[str, WorkflowEntry], content: FolderContent) -> list[Change]:
    """Return the changes that make the stored workflows equal to the folder."""
    found = content.found
    listed = {source.name for source in content.outcomes if source.is_manifest}
    problem = content.manifest.problem
    decided: list[Change] = []
    for name in sorted({*known, *found}):
        current, outcome = known.get(name), found.get(name)
        if outcome is None and current and current.source == "manifest" and problem:
            outcome = Broken(problem)
        decided.append(decide(name, current, outcome, "manifest" if name in listed else "folder"))
    return [change for change in decided if change.workflow != known.get(change.workflow.name)]


def decide(
    name: str, known: WorkflowEntry | None, found: Outcome | None, origin: Origin = "folder"
) -> Change:
    """Decide what the folder's content means for one workflow."""
    current = known or unpublished(name, origin)
    if current.source == "api" and not current.is_deleted:
        return Change(current.model_copy(update={"problem": CLASH if found else None}))
    match found:
        case None:
            return Change(current.model_copy(update={"active_version": None, "problem": None}))
        case Broken(problem):
            return Change(current.model_copy(update={"problem": problem}))
        case WorkflowVersion():
            taken = current.model_copy(update={"source": origin, "is_deleted": False})
            change = with_version(taken, found)
            return replace(change, workflow=activated(change.workflow, found))


def unpublished(name: str, source: Origin) -> WorkflowEntry:
    """Return a workflow without a version."""
    return WorkflowEntry(
        name=name, active_version=None, versions={}, title=name, category="utility", source=source
    )


def with_version(current: WorkflowEntry, version: WorkflowVersion) -> Change:
    """Add the version to the workflow without activating it."""
    if version.hash in current.versions.values():
        return Change(current)
    number = max(current.versions, default=0) + 1
    versions = {**current.versions, number: version.hash}
    drafts = [*current.drafts, number]
    return Change(current.model_copy(update={"versions": versions, "drafts": drafts}), version)


def activated(current: WorkflowEntry, version: WorkflowVersion) -> WorkflowEntry:
    """Return the workflow with one of its versions made current."""
    spec, number = version.spec, number_of(current, version.hash)
    about = {
        "active_version": number,
        "drafts": [draft for draft in current.drafts if draft != number],
        "title": {**spec.title} or current.name,
        "description": {**spec.description},
        "category": current.own_category or spec.category,
        "requires_mask": spec.requires_mask,
        "problem": None,
    }
    if number != current.active_version:
        about |= {"is_runnable": None, "unmet": []}
    return current.model_copy(update=about)


def number_of(current: WorkflowEntry, version_hash: str) -> int:
    return next(number for number, known in current.versions.items() if known == version_hash)


def upload(known: WorkflowEntry | None, version: WorkflowVersion, *, activate: bool) -> Change:
    """Add an upload as a draft, or activate it at once. Raises Conflict if a folder owns it."""
    current = editable(known) if known else unpublished(version.name, "api")
    taken = current.model_copy(update={"source": "api", "is_deleted": False})
    change = with_version(taken, version)
    if activate:
        return replace(change, workflow=activated(change.workflow, version))
    if taken.versions:
        return change
    # a first draft gives the title
    kept = {"active_version": None, "drafts": change.workflow.drafts}
    return replace(change, workflow=activated(change.workflow, version).model_copy(update=kept))


def editable(known: WorkflowEntry) -> WorkflowEntry:
    """Return the workflow if people may change it. They may take one that its folder gave up.

    Raises Conflict if it comes from the folder.
    """
    is_given_up = known.active_version is None and known.problem is None
    if known.source != "api" and not is_given_up:
        raise OtherSourceError(f"workflow {known.name} comes from the folder; change it there")
    return known


def existing(known: WorkflowEntry | None, name: str) -> WorkflowEntry:
    """Return the workflow. Raises NotFound if there is none or it is deleted."""
    if known is None or known.is_deleted:
        raise NotFoundError(f"there is no workflow {name}")
    return known


def switched(
    current: WorkflowEntry, *, is_enabled: bool | None, category: str | None
) -> WorkflowEntry:
    """Switch a workflow on or off, which operators may do to one from the folder too.

    Raises Conflict for another category of a workflow from the folder.
    """
    changed: dict[str, object] = {}
    if is_enabled is not None:
        changed["is_enabled"] = is_enabled
    if category is not None:
        changed |= {"own_category": category, "category": category}
        current = editable(current)
    return current.model_copy(update=changed)


def deleted(current: WorkflowEntry) -> WorkflowEntry:
    """Delete a workflow; its versions stay for the history of jobs."""
    return editable(current).model_copy(
        update={"is_deleted": True, "active_version": None, "problem": None, "is_runnable": None}
    )


def published(workflow: WorkflowEntry) -> WorkflowEntry:
    """Return the workflow as it is published: of bounded size, however many versions it has."""
    drafts = sorted(workflow.drafts)[-MAX_DRAFTS:]
    named = sorted(workflow.versions.keys() - set(workflow.drafts))[-MAX_RELEASED:]
    active = [number for number in (workflow.active_version,) if number is not None]
    numbers = sorted({*drafts, *named, *active})
    versions = {number: workflow.versions[number] for number in numbers}
    return workflow.model_copy(update={"versions": versions, "drafts": drafts})


def coverage_changes(
    known: Mapping[str, WorkflowEntry], found: Mapping[str, Coverage]
) -> list[Change]:
    """Return the workflows whose active version has another coverage than is stored.

    `found` holds the coverage that versions have now, by hash.
    """
    changed: list[Change] = []
    for workflow in known.values():
        if coverage := found.get(active_hash(workflow) or ""):
            updated = workflow.model_copy(update={**coverage})
            changed += [Change(updated)] if updated != workflow else []
    return changed


def active_hash(workflow: WorkflowEntry) -> str | None:
    return workflow.versions.get(workflow.active_version or 0)

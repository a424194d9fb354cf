"""How a workflow changes: by its folder, or by people through the API; never by both.

A version is immutable and numbered from 1; the same content is the same version, so a file that
is put back activates an older one. A broken source leaves the active version as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from contracts.errors import ConflictError, NotFoundError
from contracts.registry.workflows import WorkflowName
from contracts.values import Unmet
from workflow_registry.domain.reading import Broken, Outcome, Reading
from workflows import WorkflowVersion

Origin: TypeAlias = Literal["folder", "manifest", "api"]
MOST_NAMED = 400
MOST_DRAFTS = 100
"""Versions that are published; older ones are only stored. A bucket's entry has 512 KiB."""
CLASHES = "the folder has a workflow of this name as well, which is left out"


class OtherSourceError(ConflictError):
    """The workflow comes from the folder: there is where it is changed."""

    code = "other_source"


@dataclass(frozen=True, slots=True)
class Change:
    """A workflow as it is from now on, and the version that it got, if it got one."""

    workflow: WorkflowName
    added: WorkflowVersion | None = None

    @property
    def number(self) -> int:
        """The number of the version that was added."""
        return max(self.workflow.versions)


def changes(known: Mapping[str, WorkflowName], reading: Reading) -> list[Change]:
    """What differs between the catalogue and a folder; empty if nothing does."""
    found, listed = reading.found, reading.from_manifest
    decided: list[Change] = []
    for name in sorted({*known, *found}):
        current, outcome = known.get(name), found.get(name)
        if (
            outcome is None
            and current
            and current.source == "manifest"
            and reading.manifest_problem
        ):
            outcome = Broken(reading.manifest_problem)
        decided.append(decide(name, current, outcome, "manifest" if name in listed else "folder"))
    return [change for change in decided if change.workflow != known.get(change.workflow.name)]


def decide(
    name: str, known: WorkflowName | None, found: Outcome | None, origin: Origin = "folder"
) -> Change:
    """What the folder's word means for one workflow."""
    current = known or unpublished(name, origin)
    if current.source == "api" and not current.is_deleted:
        return Change(current.model_copy(update={"problem": CLASHES if found else None}))
    match found:
        case None:
            return Change(current.model_copy(update={"active_version": None, "problem": None}))
        case Broken(problem):
            return Change(current.model_copy(update={"problem": problem}))
        case WorkflowVersion():
            taken = current.model_copy(update={"source": origin, "is_deleted": False})
            change = with_version(taken, found)
            return Change(activated(change.workflow, found), change.added)


def unpublished(name: str, source: Origin) -> WorkflowName:
    """A workflow without a version."""
    return WorkflowName(
        name=name, active_version=None, versions={}, title=name, category="utility", source=source
    )


def with_version(current: WorkflowName, version: WorkflowVersion) -> Change:
    """The workflow with this version among the others; not yet active."""
    if version.hash in current.versions.values():
        return Change(current)
    number = max(current.versions, default=0) + 1
    versions = {**current.versions, number: version.hash}
    drafts = [*current.drafts, number]
    return Change(current.model_copy(update={"versions": versions, "drafts": drafts}), version)


def activated(current: WorkflowName, version: WorkflowVersion) -> WorkflowName:
    """The workflow with one of its versions made current."""
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


def number_of(current: WorkflowName, digest: str) -> int:
    return next(number for number, known in current.versions.items() if known == digest)


def upload(known: WorkflowName | None, version: WorkflowVersion, *, activate: bool) -> Change:
    """A person's upload: a draft, or current at once. Raises Conflict if a folder owns it."""
    current = editable(known) if known else unpublished(version.name, "api")
    if known and (known.is_deleted or known.source != "api"):
        current = current.model_copy(update={"source": "api", "is_deleted": False})
    change = with_version(current, version)
    if not activate:
        is_first = not known or not known.versions
        return Change(
            described(change.workflow, version) if is_first else change.workflow, change.added
        )
    return Change(activated(change.workflow, version), change.added)


def described(current: WorkflowName, version: WorkflowVersion) -> WorkflowName:
    """A first draft gives the workflow its title."""
    shown = activated(current, version)
    kept = {"active_version": current.active_version, "drafts": current.drafts}
    return shown.model_copy(update=kept)


def editable(known: WorkflowName) -> WorkflowName:
    """The workflow, if people may change it: one that its folder gave up is theirs to take."""
    is_given_up = known.active_version is None and known.problem is None
    if known.source != "api" and not is_given_up:
        raise OtherSourceError(f"workflow {known.name} comes from the folder; change it there")
    return known


def existing(known: WorkflowName | None, name: str) -> WorkflowName:
    """The workflow, if there is one. Raises NotFound."""
    if known is None or known.is_deleted:
        raise NotFoundError(f"there is no workflow {name}")
    return known


def chosen(current: WorkflowName, version: WorkflowVersion) -> WorkflowName:
    """A person makes the version current."""
    return activated(editable(current), version)


def switched(current: WorkflowName, *, active: bool | None, category: str | None) -> WorkflowName:
    """Whether a workflow may run is the operator's word, also of one from the folder."""
    changed: dict[str, object] = {}
    if active is not None:
        changed["is_enabled"] = active
    if category is not None:
        changed |= {"own_category": category, "category": category}
        current = editable(current)
    return current.model_copy(update=changed)


def deleted(current: WorkflowName) -> WorkflowName:
    """Nothing of it is current; its versions stay, for the history of jobs."""
    return editable(current).model_copy(
        update={"is_deleted": True, "active_version": None, "problem": None, "is_runnable": None}
    )


def published(workflow: WorkflowName) -> WorkflowName:
    """The workflow as its readers see it: of bounded size, however many versions it has."""
    drafts = sorted(workflow.drafts)[-MOST_DRAFTS:]
    named = sorted(workflow.versions.keys() - set(workflow.drafts))[-MOST_NAMED:]
    active = [number for number in (workflow.active_version,) if number is not None]
    numbers = sorted({*drafts, *named, *active})
    versions = {number: workflow.versions[number] for number in numbers}
    return workflow.model_copy(update={"versions": versions, "drafts": drafts})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one version can run now."""

    digest: str
    is_runnable: bool | None
    unmet: list[Unmet]


def judged(known: Mapping[str, WorkflowName], verdicts: Mapping[str, Verdict]) -> list[Change]:
    """The workflows whose active version turned out to be (or not to be) runnable."""
    found: list[Change] = []
    for name, verdict in verdicts.items():
        workflow = known.get(name)
        if workflow and is_news(workflow, verdict):
            update = {"is_runnable": verdict.is_runnable, "unmet": verdict.unmet}
            found.append(Change(workflow.model_copy(update=update)))
    return found


def is_news(workflow: WorkflowName, verdict: Verdict) -> bool:
    """It is about the version that is active, and says something else than is known."""
    active = workflow.versions.get(workflow.active_version or 0)
    known = (workflow.is_runnable, workflow.unmet)
    return active == verdict.digest and known != (verdict.is_runnable, verdict.unmet)

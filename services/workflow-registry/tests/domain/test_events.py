from datetime import UTC, datetime
from uuid import UUID

from contracts.registry.workflows import WorkflowEntry
from workflow_registry.domain.events import with_events
from workflow_registry.domain.lifecycle import Change, activated, decide, deleted, switched, upload

from ..builders import a_version  # noqa: TID252  shared by these tests alone

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHOR = UUID(int=7)


class Life:
    """One workflow as it changes."""

    def __init__(self) -> None:
        self.workflow: WorkflowEntry | None = None

    def becomes(self, change: Change | WorkflowEntry) -> list[str]:
        """Which facts that makes."""
        after = change if isinstance(change, Change) else Change(change)
        counted, facts = with_events(self.workflow, after, AUTHOR, NOW)
        self.workflow = counted.workflow
        return [f"{type(fact).__name__} {fact.event_id()}" for fact in facts]

    @property
    def now(self) -> WorkflowEntry:
        assert self.workflow
        return self.workflow


def test_each_change_is_told_once_and_counted() -> None:
    life = Life()
    draft = life.becomes(upload(None, a_version(), activate=False))
    first = life.becomes(activated(life.now, a_version()))
    second = life.becomes(upload(life.now, a_version(color=1), activate=True))
    back = life.becomes(activated(life.now, a_version()))
    off = life.becomes(switched(life.now, is_enabled=False, category=None))
    on = life.becomes(switched(life.now, is_enabled=True, category="image"))
    gone = life.becomes(deleted(life.now))

    assert draft == ["WorkflowVersionStored solid.1"]
    assert first == ["WorkflowActivated solid.2"]
    assert second == ["WorkflowVersionStored solid.3", "WorkflowActivated solid.4"]
    assert back == ["WorkflowActivated solid.5"]
    assert off == ["WorkflowDeactivated solid.6"]
    assert on == ["WorkflowActivated solid.7"]
    assert gone == ["WorkflowDeleted solid.8"]


def test_what_changes_nothing_that_can_be_run_is_no_fact() -> None:
    life = Life()
    life.becomes(upload(None, a_version(), activate=True))

    assert life.becomes(life.now.model_copy(update={"is_runnable": True})) == []
    assert life.becomes(switched(life.now, is_enabled=None, category="video")) == []


def test_a_workflow_that_left_the_folder_is_deactivated() -> None:
    life = Life()
    life.becomes(decide("solid", None, a_version()))

    assert life.becomes(decide("solid", life.now, None)) == ["WorkflowDeactivated solid.3"]


def test_a_fact_says_which_version_and_who() -> None:
    _, [stored, active] = with_events(None, upload(None, a_version(), activate=True), AUTHOR, NOW)

    assert stored.address() == "event.workflow.version_stored.v1.solid"
    assert active.model_dump(exclude={"occurred_at"}) == {
        "version": 2,
        "name": "solid",
        "source": "api",
        "actor_id": AUTHOR,
        "workflow_version": 1,
        "hash": a_version().hash,
    }

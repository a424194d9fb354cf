from hypothesis import given
from hypothesis import strategies as st

from contracts.registry.workflows import WorkflowEntry
from workflow_registry.domain.folder import Broken, Outcome
from workflow_registry.domain.lifecycle import changes, decide

from ..builders import a_content, a_version  # noqa: TID252  shared by these tests alone


def after(*found: Outcome | None) -> WorkflowEntry:
    """The workflow after the folder said all of this, one after another."""
    known = None
    for outcome in found:
        known = decide("solid", known, outcome).workflow
    assert known
    return known


def test_the_first_version_is_number_one_and_active() -> None:
    version = a_version(title="Plain")

    workflow = after(version)

    assert (workflow.active_version, workflow.versions) == (1, {1: version.hash})
    assert workflow.title == {"en": "Plain"}


def test_another_content_is_another_version() -> None:
    assert after(a_version(), a_version(color=1)).active_version == 2


def test_content_that_was_there_before_becomes_active_again_under_its_old_number() -> None:
    workflow = after(a_version(), a_version(color=1), a_version())

    assert (workflow.active_version, len(workflow.versions)) == (1, 2)


def test_a_broken_source_keeps_the_good_version_and_says_why() -> None:
    workflow = after(a_version(), Broken("a comma too many"))

    assert (workflow.active_version, workflow.problem) == (1, "a comma too many")


def test_a_repaired_source_has_no_problem() -> None:
    assert after(a_version(), Broken("oh"), a_version(color=1)).problem is None


def test_a_workflow_that_was_never_good_shows_its_problem() -> None:
    workflow = after(Broken("no graph"))

    assert (workflow.active_version, workflow.versions) == (None, {})
    assert workflow.problem == "no graph"


def test_a_removed_source_leaves_the_versions_and_nothing_active() -> None:
    workflow = after(a_version(), None)

    assert (workflow.active_version, len(workflow.versions)) == (None, 1)


def test_a_folder_that_did_not_change_changes_nothing() -> None:
    found: dict[str, Outcome] = {"solid": a_version(), "torn": Broken("oh")}
    reading = a_content(**found)
    known = {change.workflow.name: change.workflow for change in changes({}, reading)}

    assert changes(known, reading) == []


@given(st.lists(st.one_of(st.none(), st.integers(0, 3), st.just("broken")), min_size=1))
def test_no_history_renumbers_or_loses_a_version(history: list[int | str | None]) -> None:
    known: WorkflowEntry | None = None
    for step in history:
        match step:
            case None:
                found: Outcome | None = None
            case int():
                found = a_version(color=step)
            case str():
                found = Broken("oh")
        change = decide("solid", known, found)
        before = known.versions if known else {}
        assert before.items() <= change.workflow.versions.items()
        assert (len(change.workflow.versions) > len(before)) == (change.added is not None)
        assert sorted(change.workflow.versions) == list(range(1, len(change.workflow.versions) + 1))
        known = change.workflow

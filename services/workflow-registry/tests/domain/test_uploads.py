"""People may change uploaded workflows; those of the folder follow the folder."""

import pytest

from contracts.errors import NotFoundError
from contracts.registry.workflows import WorkflowEntry
from contracts.values import Unmet
from workflow_registry.domain.folder import Broken
from workflow_registry.domain.lifecycle import (
    MAX_DRAFTS,
    MAX_RELEASED,
    Coverage,
    OtherSourceError,
    activated,
    coverage_changes,
    decide,
    deleted,
    editable,
    existing,
    published,
    switched,
    upload,
)

from ..builders import a_version  # noqa: TID252  shared by these tests alone


def uploaded(*colors: int, activate: bool = True) -> WorkflowEntry:
    known = None
    for color in colors:
        known = upload(known, a_version(color=color), activate=activate).workflow
    assert known
    return known


def test_an_upload_is_a_draft_until_it_is_activated() -> None:
    draft = uploaded(0, activate=False)

    assert (draft.active_version, list(draft.versions)) == (None, [1])
    assert draft.title == {"en": "Plain"}
    assert draft.drafts == [1]
    assert (activated(draft, a_version()).active_version, uploaded(0, 1).drafts) == (1, [])


def test_a_draft_does_not_disturb_the_active_version() -> None:
    workflow = upload(uploaded(0), a_version(color=1, title="New"), activate=False).workflow

    assert (workflow.active_version, list(workflow.versions)) == (1, [1, 2])
    assert workflow.title == {"en": "Plain"}


def test_rollback_is_activating_an_older_one() -> None:
    assert activated(uploaded(0, 1), a_version(color=0)).active_version == 1


def test_the_same_content_is_the_same_version() -> None:
    change = upload(uploaded(0, 1), a_version(color=0), activate=False)

    assert change.added is None
    assert list(change.workflow.versions) == [1, 2]


def test_what_comes_from_the_folder_is_changed_there() -> None:
    known = decide("solid", None, a_version()).workflow

    with pytest.raises(OtherSourceError):
        upload(known, a_version(color=1), activate=False)
    with pytest.raises(OtherSourceError):
        editable(known)
    with pytest.raises(OtherSourceError):
        deleted(known)
    with pytest.raises(OtherSourceError):
        switched(known, is_enabled=None, category="video")


def test_what_its_folder_gave_up_may_be_taken_over() -> None:
    given_up = decide("solid", decide("solid", None, a_version()).workflow, None).workflow

    taken = upload(given_up, a_version(color=1), activate=True).workflow

    assert (taken.source, taken.active_version) == ("api", 2)


def test_a_file_of_the_same_name_changes_no_upload_and_is_said() -> None:
    for outcome in (a_version(color=5), Broken("oh")):
        workflow = decide("solid", uploaded(0), outcome).workflow
        assert workflow.active_version == 1
        assert "folder" in (workflow.problem or "")
    assert decide("solid", uploaded(0), None).workflow == uploaded(0)


def test_a_deleted_workflow_keeps_its_versions_and_can_come_back() -> None:
    gone = deleted(uploaded(0, 1))

    assert (gone.active_version, list(gone.versions)) == (None, [1, 2])
    with pytest.raises(NotFoundError):
        existing(gone, "solid")
    back = upload(gone, a_version(color=2), activate=True).workflow
    assert (back.is_deleted, back.active_version) == (False, 3)


def test_a_category_that_an_operator_chose_outlives_new_versions() -> None:
    chosen = switched(uploaded(0), is_enabled=None, category="video")

    assert upload(chosen, a_version(color=1), activate=True).workflow.category == "video"


def test_switching_off_keeps_everything_else() -> None:
    off = switched(uploaded(0), is_enabled=False, category=None)

    assert (off.is_enabled, off.active_version) == (False, 1)


def test_what_comes_from_the_folder_is_switched_off_and_stays_off_when_it_changes() -> None:
    known = decide("solid", None, a_version()).workflow

    off = switched(known, is_enabled=False, category=None)
    changed = decide("solid", off, a_version(color=1)).workflow

    assert (changed.active_version, changed.is_enabled) == (2, False)


def test_what_is_published_does_not_grow_with_the_number_of_versions() -> None:
    numbers = range(1, 10_001)
    drafts = [number for number in numbers if number % 2]
    known = uploaded(0).model_copy(
        update={
            "versions": {number: f"{number:064}" for number in numbers},
            "drafts": drafts,
            "active_version": 2,
        }
    )

    shown = published(known)

    assert len(shown.versions) == MAX_RELEASED + MAX_DRAFTS + 1
    assert {2, 9_999, 10_000} <= shown.versions.keys()
    assert set(shown.drafts) == set(drafts[-MAX_DRAFTS:])
    assert len(shown.model_dump_json()) < 100_000


GRAIN = Unmet(kind="class", name="Grain", message="no graph-node class Grain")


def test_a_verdict_is_news_once_and_only_about_the_active_version() -> None:
    known = {"solid": uploaded(0, 1)}
    lacking = Coverage(is_runnable=False, unmet=[GRAIN])
    about_active, about_old = {a_version(color=1).hash: lacking}, {a_version().hash: lacking}

    [change] = coverage_changes(known, about_active)

    assert (change.workflow.is_runnable, change.workflow.unmet) == (False, [GRAIN])
    assert coverage_changes({"solid": change.workflow}, about_active) == []
    assert coverage_changes(known, about_old) == []


def test_a_new_active_version_is_not_judged_yet() -> None:
    known = {"solid": uploaded(0)}
    found = {a_version().hash: Coverage(is_runnable=True, unmet=[])}
    [change] = coverage_changes(known, found)

    assert upload(change.workflow, a_version(color=1), activate=True).workflow.is_runnable is None

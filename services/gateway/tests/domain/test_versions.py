import pytest

from contracts.errors import ForbiddenError, InvalidError, NotFoundError
from contracts.registry.workflows import WorkflowEntry
from gateway.workflows.versions import IN_PATH, hash_of, hash_to_read, hash_to_run, parse_reference

KNOWN = WorkflowEntry(
    name="a", active_version=2, versions={1: "x", 2: "y"}, title="A", category="c"
)


def test_a_name_means_the_active_version() -> None:
    assert hash_of(KNOWN, "a", None) == "y"
    assert hash_of(KNOWN, "a", 1) == "x"


def test_what_is_not_there_is_named() -> None:
    inactive = KNOWN.model_copy(update={"active_version": None})
    for known, number in ((None, None), (KNOWN, 3), (inactive, None)):
        with pytest.raises(NotFoundError, match="workflow a"):
            hash_of(known, "a", number)


@pytest.mark.parametrize("change", [{"is_deleted": True}, {"is_enabled": False}])
def test_what_is_deleted_or_switched_off_is_read_and_not_run(change: dict[str, bool]) -> None:
    known = KNOWN.model_copy(update=change)

    assert hash_of(known, "a", 1) == "x"
    for number in (None, 1):
        with pytest.raises(NotFoundError):
            hash_to_run(known, "a", number, may_edit=True)


def test_a_draft_runs_only_for_those_who_may_activate_it() -> None:
    known = KNOWN.model_copy(update={"drafts": [1]})

    assert hash_to_run(known, "a", 1, may_edit=True) == "x"
    assert hash_to_run(known, "a", None, may_edit=False) == "y"
    with pytest.raises(ForbiddenError, match="a@1 is a draft"):
        hash_to_run(known, "a", 1, may_edit=False)


def test_what_was_taken_out_of_its_folder_is_read_and_not_run() -> None:
    known = KNOWN.model_copy(update={"active_version": None})

    assert hash_of(known, "a", 1) == "x"
    for source in ("folder", "manifest"):
        withdrawn = known.model_copy(update={"source": source})
        for number in (None, 1):
            with pytest.raises(NotFoundError, match="taken out of its folder") as caught:
                hash_to_run(withdrawn, "a", number, may_edit=True)
            assert caught.value.code == "withdrawn"
    uploaded = known.model_copy(update={"source": "api"})
    assert hash_to_run(uploaded, "a", 1, may_edit=False) == "x"


def test_a_draft_says_how_to_activate_it_and_is_read_by_name() -> None:
    draft = KNOWN.model_copy(update={"active_version": None, "drafts": [1, 2], "source": "api"})

    with pytest.raises(NotFoundError, match="`comfyfleet workflows activate a@2`"):
        hash_to_run(draft, "a", None, may_edit=True)
    assert hash_to_read(draft, "a", None, IN_PATH) == "y"


def test_an_error_names_the_parameter_that_is_wrong() -> None:
    for known, path in ((None, "name"), (KNOWN, "version")):
        with pytest.raises(NotFoundError) as caught:
            hash_to_read(known, "a", 7, IN_PATH)
        assert [error.path for error in caught.value.errors] == [path]
    with pytest.raises(InvalidError, match="small letters") as refused:
        parse_reference("Nope", IN_PATH)
    assert refused.value.errors[0].path == "name"


@pytest.mark.parametrize("text", ["", "A", "a@", "a@0", "a@x", "a@1@2", "a b", "../a", "a\n"])
def test_a_bad_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_reference(text)


def test_a_reference_has_a_name_and_perhaps_a_number() -> None:
    assert parse_reference("in-paint_2") == ("in-paint_2", None)
    assert parse_reference("a@12") == ("a", 12)

"""The committed reference is what the code says; a changed shape shows as a changed line."""

from pathlib import Path

from contracts.reference import shapes_page, subjects_page

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
RECORDED = (REFERENCE / "shapes.txt").read_text()


def test_the_reference_is_up_to_date() -> None:
    assert (REFERENCE / "subjects.md").read_text() == subjects_page(), "run `make fix`"
    assert shapes_page() == RECORDED, "run `make fix`, then read the diff: see below"


def test_no_field_went_or_changed() -> None:
    gone = set(RECORDED.splitlines()) - set(shapes_page().splitlines())
    assert gone == set(), "v1 is broken: make a new class beside the old one"


def test_a_field_new_to_a_message_may_be_left_out() -> None:
    known = {line.split(".")[0] for line in RECORDED.splitlines()}
    new = set(shapes_page().splitlines()) - set(RECORDED.splitlines())
    demanded = [line for line in new if line.split(".")[0] in known and "?:" not in line]
    assert demanded == [], "v1 is broken: make a new class beside the old one"

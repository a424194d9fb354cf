"""A manifest in the folder is kept in sync like the folder itself."""

from workflow_registry.domain.checks import Rules
from workflow_registry.domain.files import File, Unsettled
from workflow_registry.domain.folder import Broken, FolderContent, read_folder
from workflow_registry.domain.lifecycle import changes
from workflows import WorkflowVersion

from ..builders import a_folder, a_graph  # noqa: TID252  shared by these tests alone

BASE = "width: {type: integer, default: 32, target: {class_type: EmptyImage, input: width}}"


def a_manifest(*names: str, **files: File) -> dict[str, File]:
    listed = [f"{name}: {{workflow_file: {name}.json, parameters: [width]}}" for name in names]
    graphs = {f"{name}.json": a_graph() for name in names}
    return {"workflows.yaml": "\n".join(listed), "base.yaml": BASE, **graphs, **files}


def read(files: dict[str, File], before: FolderContent | None = None) -> FolderContent:
    return read_folder(files, before or FolderContent(), Rules())


def test_each_workflow_that_is_listed_is_one() -> None:
    found = read(a_manifest("small", "large")).found

    assert found.keys() == {"small", "large"}
    assert isinstance(found["small"], WorkflowVersion)
    assert found["small"].spec.inputs["width"].default == 32


def test_one_that_is_wrong_does_not_break_the_others() -> None:
    found = read(a_manifest("small", "large") | {"large.json": "{"}).found

    assert isinstance(found["small"], WorkflowVersion)
    assert isinstance(found["large"], Broken)


def test_a_broken_manifest_keeps_what_it_listed_and_says_why() -> None:
    before = read(a_manifest("small"))
    known = {change.workflow.name: change.workflow for change in changes({}, before)}

    after = read(a_manifest("small") | {"workflows.yaml": "small: ["}, before)
    changed = {change.workflow.name: change.workflow for change in changes(known, after)}

    assert known["small"].source == "manifest"
    assert changed["small"].active_version == 1
    assert "workflows.yaml" in (changed["small"].problem or "")


def test_a_manifest_that_was_never_good_shows_its_problem() -> None:
    found = read({"workflows.yaml": "small: ["}).found

    assert "workflows.yaml" in str(found["workflows"])


def test_while_a_manifest_is_being_written_it_is_as_before() -> None:
    before = read(a_manifest("small", "large"))

    for name in ("workflows.yaml", "base.yaml", "small.json"):
        after = read(a_manifest("small", "large") | {name: Unsettled()}, before)
        assert after.outcomes == before.outcomes


def test_one_that_is_no_longer_listed_is_no_longer_active() -> None:
    known = {c.workflow.name: c.workflow for c in changes({}, read(a_manifest("small", "large")))}

    [change] = changes(known, read(a_manifest("small")))

    assert (change.workflow.name, change.workflow.active_version) == ("large", None)


def test_a_definition_that_one_does_not_use_is_no_change_of_it() -> None:
    before = read(a_manifest("small"))
    files = a_manifest("small") | {"base.yaml": f"{BASE}\nsteps: {{type: integer}}"}

    assert read(files).outcomes.keys() == before.outcomes.keys()
    assert read(a_manifest("small"), before).manifest is before.manifest


def test_a_spec_and_a_manifest_cannot_define_the_same() -> None:
    found = read(a_manifest("solid") | a_folder("solid")).found

    assert found["solid"] == Broken("solid.yaml and workflows.yaml both define it")


def test_a_spec_may_still_be_called_workflows() -> None:
    assert isinstance(read(a_folder("workflows")).found["workflows"], WorkflowVersion)

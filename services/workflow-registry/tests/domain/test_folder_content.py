import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from workflow_registry.domain.checks import Rules
from workflow_registry.domain.files import File, Unreadable, Unsettled
from workflow_registry.domain.folder import (
    MAX_PROBLEM_LENGTH,
    Broken,
    FolderContent,
    Outcome,
    read_folder,
)
from workflows import WorkflowVersion

from ..builders import a_folder, a_graph, a_spec  # noqa: TID252  shared by these tests alone


def outcomes(files: dict[str, File]) -> dict[str, Outcome]:
    return read_folder(files, FolderContent(), Rules()).found


def problem(files: dict[str, File], name: str = "solid") -> str:
    found = outcomes(files)[name]
    assert isinstance(found, Broken), found
    return found.problem


def test_each_spec_with_its_graph_is_a_workflow_and_the_library_is_none() -> None:
    files = a_folder("solid", "stripes", library_yaml="library: comfyfleet/v1\nparameters: {}")

    assert outcomes(files).keys() == {"solid", "stripes"}


def test_the_graph_may_have_another_name() -> None:
    files: dict[str, File] = {"solid.yaml": a_spec(graph="other.json"), "other.json": a_graph()}

    assert isinstance(outcomes(files)["solid"], WorkflowVersion)


def test_a_spec_may_be_json_and_a_graph_yaml() -> None:
    spec, graph = yaml.safe_load(a_spec(graph="solid.graph.yaml")), json.loads(a_graph())
    del spec["graph"]
    files: dict[str, File] = {
        "solid.json": json.dumps(spec),
        "solid.graph.yaml": yaml.safe_dump(graph),
        "notes.json": '["spec"]',
        "other.json": a_graph(),
    }

    good = read_folder(files, FolderContent(), Rules())
    torn = read_folder({**files, "solid.json": "{"}, good, Rules())

    assert good.found.keys() == torn.found.keys() == {"solid"}
    assert isinstance(good.found["solid"], WorkflowVersion)
    assert "solid.json: cannot be read" in str(torn.found["solid"])


def test_a_torn_json_file_that_seems_to_be_a_spec_has_its_problem_shown() -> None:
    assert "cannot be read" in problem({"solid.json": '{"spec": "comfyfleet/v1",'})


def test_a_graph_in_yaml_is_no_spec() -> None:
    graph = yaml.safe_dump(json.loads(a_graph()))
    files: dict[str, File] = {"solid.yml": a_spec(graph="flow.yaml"), "flow.yaml": graph}

    assert outcomes(files).keys() == {"solid"}
    assert isinstance(outcomes(files)["solid"], WorkflowVersion)


def test_a_spec_that_cannot_be_read_is_not_said_to_lack_its_graph() -> None:
    assert "solid.yaml: cannot be read" in problem({"solid.yaml": "spec: ["})


def test_one_workflow_in_two_files_is_a_problem() -> None:
    files = a_folder("solid") | {"solid.yml": a_spec()}

    assert problem(files) == "solid.yaml and solid.yml both define it"


def test_while_one_of_its_files_is_being_written_a_workflow_is_as_before() -> None:
    before = read_folder(a_folder("solid", "stripes"), FolderContent(), Rules())
    files = a_folder("solid", "stripes", color=7)

    for name in ("solid.yaml", "solid.graph.json"):
        after = read_folder(files | {name: Unsettled()}, before, Rules())
        assert after.found["solid"] is before.found["solid"]
        assert after.found["stripes"] != before.found["stripes"]
    assert read_folder(files, after, Rules()).found["solid"] != before.found["solid"]


def test_a_workflow_that_is_only_being_written_is_not_there_yet() -> None:
    files = a_folder("solid") | {"solid.graph.json": Unsettled()}

    assert outcomes(files) == {}


def test_what_is_broken_is_tried_again_when_the_fleet_knows_other_classes() -> None:
    files = a_folder("solid", solid_yaml="spec: [")
    before = read_folder(files, FolderContent(), Rules())

    assert read_folder(files, before, Rules()).found["solid"] is before.found["solid"]
    again = read_folder(files, before, Rules(classes={"A": {}})).found["solid"]
    assert again is not before.found["solid"]


def test_one_broken_workflow_does_not_break_the_others() -> None:
    found = outcomes(a_folder("solid", "stripes", solid_yaml="spec: ["))

    assert isinstance(found["solid"], Broken)
    assert isinstance(found["stripes"], WorkflowVersion)


def test_the_problem_says_where_and_what() -> None:
    wrong = a_spec().replace("type: integer", "type: integre")

    assert problem(a_folder("solid", solid_yaml=wrong)).startswith("inputs.width: ")


def test_a_missing_graph_is_named() -> None:
    assert problem({"solid.yaml": a_spec()}) == "solid.graph.json: there is no such file"


def test_a_graph_outside_the_folder_is_not_there() -> None:
    files = a_folder("solid", solid_yaml=a_spec(graph="../../etc/passwd"))

    assert "there is no such file" in problem(files)


def test_an_unreadable_file_and_a_broken_library_are_problems_of_those_who_need_them() -> None:
    assert problem(a_folder("solid", solid_yaml=Unreadable("not a file"))).endswith("not a file")
    assert "library" in problem(a_folder("solid", library_yaml="library: 2"))


def test_two_files_cannot_claim_one_name() -> None:
    files = a_folder("solid", copy_yaml=a_spec("solid"))

    assert "expected 'copy'" in problem(files, "copy")
    assert isinstance(outcomes(files)["solid"], WorkflowVersion)


def test_a_version_that_no_bucket_would_take_is_refused() -> None:
    files = a_folder("solid")
    files["solid.graph.json"] = a_graph(padding=505 * 1024)

    assert "KiB" in problem(files)


def test_a_file_whose_name_cannot_be_a_workflows_has_its_problem_shown() -> None:
    files = a_folder("solid") | {"My Workflow.yaml": a_spec(), "ä.json": json.dumps({"spec": 1})}

    assert outcomes(files).keys() == {"solid", "misnamed-my-workflow", "misnamed-"}
    assert problem(files, "misnamed-my-workflow").startswith("My Workflow.yaml: ")


def test_what_did_not_change_is_not_checked_again() -> None:
    before = read_folder(a_folder("solid", "stripes"), FolderContent(), Rules())

    after = read_folder(
        a_folder("solid", "stripes", solid_yaml=a_spec(title="New")), before, Rules()
    )

    assert after.candidates["stripes.yaml"] is before.candidates["stripes.yaml"]
    kept = [outcome for outcome in after.found.values() if outcome in before.found.values()]
    assert [outcome.name for outcome in kept if isinstance(outcome, WorkflowVersion)] == ["stripes"]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_a_version_or_a_problem_of_bounded_length(spec: str, graph: str) -> None:
    files: dict[str, File] = {"solid.yaml": spec, "solid.graph.json": graph}

    assert len(problem(files)) <= MAX_PROBLEM_LENGTH

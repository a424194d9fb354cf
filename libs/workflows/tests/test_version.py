import json
from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import Spec, WorkflowVersion, load_graph, load_version

GRAPH: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
LIBRARY = """
library: comfyfleet/v1
parameters:
  width: {type: integer, default: 512, minimum: 1, title: Width}
"""


def a_spec(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "spec": "comfyfleet/v1",
        "name": "plain",
        "inputs": {"width": {"type": "integer", "bind": [{"node": "1", "input": "width"}]}},
        "outputs": {"images": {"node": "2", "kind": "image"}},
    }
    return spec | changes


def an_input(**keys: Any) -> dict[str, Any]:
    return a_spec(inputs={"width": {"bind": [{"node": "1", "input": "width"}], **keys}})


def paths_of(spec: dict[str, Any] | str, graph: Any = GRAPH) -> list[str]:
    with pytest.raises(InvalidError) as caught:
        load_version(spec, graph, LIBRARY)
    return [error.path for error in caught.value.errors]


def test_a_parameter_of_the_library_is_taken_over_and_overridden() -> None:
    version = load_version(an_input(use="width", minimum=64), GRAPH, LIBRARY)

    width = version.spec.inputs["width"]
    assert (width.type, width.default, width.minimum) == ("integer", 512, 64)
    assert width.title == {"en": "Width"}


def test_the_hash_names_the_content_and_not_its_writing() -> None:
    version = load_version(a_spec(), GRAPH)
    reordered = {id_: dict(reversed(node.items())) for id_, node in reversed(GRAPH.items())}

    assert load_version(a_spec(), reordered).hash == version.hash
    assert load_version(a_spec(description="Other."), GRAPH).hash != version.hash
    assert load_version(an_input(type="integer", default=8), GRAPH).hash != version.hash


def test_a_version_survives_storage_in_both_forms() -> None:
    version = load_version(an_input(use="width"), GRAPH, LIBRARY)

    assert WorkflowVersion.model_validate_json(version.model_dump_json()) == version
    assert Spec.model_validate(version.spec.content()) == version.spec


def test_the_order_of_the_file_is_written_down() -> None:
    bind = [{"node": "1", "input": "width"}]
    color = [{"node": "1", "input": "color"}]
    inputs = {"z": {"type": "integer", "bind": bind}, "a": {"type": "integer", "bind": color}}
    stored = load_version(a_spec(inputs=inputs), GRAPH).spec.content()

    shuffled = {**stored, "inputs": dict(sorted(stored["inputs"].items()))}
    assert [name for name, _ in Spec.model_validate(shuffled).in_order] == ["z", "a"]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (a_spec(color="red"), "color"),
        (a_spec(name="Not A Name"), "name"),
        (a_spec(title="x" * 201), "title"),
        (a_spec(description={"ru": "x" * 4_001}), "description.ru"),
        (a_spec(outputs={}), "outputs"),
        (a_spec(outputs={"images": {"node": "9", "kind": "image"}}), "outputs.images.node"),
        (a_spec(limits={"timeout_seconds": 0}), "limits.timeout_seconds"),
        (an_input(type="integer", maximum="20"), "inputs.width.maximum"),
        (an_input(type="color"), "inputs.width"),
        (an_input(type="integer", pattern="x"), "inputs.width"),
        (an_input(type="integer", minimum=3, maximum=2), "inputs.width"),
        (an_input(type="string", pattern="("), "inputs.width.pattern"),
        (an_input(type="string", pattern="(?=a)b"), "inputs.width.pattern"),
        (an_input(type="string", pattern=r"(a)\1"), "inputs.width.pattern"),
        (an_input(type="string", pattern="(a{1000}){1000}"), "inputs.width.pattern"),
        (an_input(type="text", pattern="a", max_length=9_000), "inputs.width.max_length"),
        (an_input(type="choice"), "inputs.width"),
        (an_input(type="mask", of="image"), "inputs.width.of"),
        (an_input(type="integer", default=1.5), "inputs.width.default"),
        (an_input(type="integer", default=2, required=True), "inputs.width.default"),
        (a_spec(example={"widht": 8}), "example.widht"),
        (an_input(type="integer", maximum=4) | {"example": {"width": 8}}, "example.width"),
        (an_input(use="depth"), "inputs.width.use"),
        (an_input(type="integer", when_absent={"bypass": "9"}), "inputs.width.when_absent"),
        (an_input(type="integer", when_absent={"remove": "2"}), "inputs.width.when_absent"),
        (an_input(type="integer", when_absent={}), "inputs.width.when_absent"),
        (a_spec(inputs={"a": {"type": "integer"}}), "inputs.a"),
        (a_spec(inputs={"": {"type": "integer"}}), "inputs."),
        (a_spec(inputs={"a b": {"type": "integer"}}), "inputs.a b"),
        (a_spec(outputs={"a-b": {"node": "2", "kind": "image"}}), "outputs.a-b"),
        (a_spec(outputs={"images": {"node": "2", "kind": "video"}}), "outputs.images.kind"),
        (an_input(type="seed", minimum=-5), "inputs.width.minimum"),
        (an_input(type="integer", when={"value": "no", "set": 1}), "inputs.width.when.0.value"),
        (
            an_input(type="integer", when={"value": 5, "set": "../../etc/passwd"}),
            "inputs.width.when.0.set",
        ),
        (an_input(type="seed", when_absent={"set": 0.5}), "inputs.width.when_absent.set"),
        (an_input(type="text", when_absent={"set": 1}), "inputs.width.when_absent.set"),
        (an_input(type="boolean", when_absent={"set": 1}), "inputs.width.when_absent.set"),
    ],
)
def test_an_error_names_the_path(spec: dict[str, Any], path: str) -> None:
    assert path in paths_of(spec)


@pytest.mark.parametrize(
    ("bind", "path"),
    [
        ({"node": "9", "input": "width"}, "inputs.width.bind.0.node"),
        ({"node": "1", "input": "depth"}, "inputs.width.bind.0.input"),
        ({"node": "1", "input": "width", "path": "a.b"}, "inputs.width.bind.0.path"),
        (
            {"node": "1", "input": "width", "transform": {"negate": True}},
            "inputs.width.bind.0.transform.negate",
        ),
        (
            {"node": "1", "input": "width", "transform": {"template": "{} {}"}},
            "inputs.width.bind.0.transform",
        ),
    ],
)
def test_an_error_in_a_bind_names_the_path(bind: dict[str, Any], path: str) -> None:
    assert paths_of(an_input(type="integer", bind=[bind])) == [path]


def test_two_inputs_cannot_share_a_place() -> None:
    one = {"type": "integer", "bind": [{"node": "1", "input": "width"}]}

    assert paths_of(a_spec(inputs={"a": one, "b": one})) == ["inputs.b.bind.0"]


def test_a_map_covers_every_choice() -> None:
    transform = {"map": {"fast": 4}}
    bind = [{"node": "1", "input": "width", "transform": transform}]
    spec = an_input(type="choice", choices=["fast", "fine"], bind=bind)

    assert paths_of(spec) == ["inputs.width.bind.0.transform.map"]


def test_a_bypass_without_an_input_to_pass_on_is_refused() -> None:
    spec = an_input(type="integer", when_absent={"bypass": "1"})

    assert paths_of(spec) == ["inputs.width.when_absent.through"]


@pytest.mark.parametrize(
    ("graph", "path"),
    [
        ({}, "graph"),
        ({"nodes": [], "links": []}, "graph"),
        ({"1": {"class_type": "EmptyImage"}}, "graph.1"),
        ({"1": {"class_type": "A", "inputs": {"x": ["7", 0]}}}, "graph.1.inputs.x"),
        ({"1": {"class_type": "A", "inputs": {"x": ["1", 0]}}}, "graph"),
    ],
)
def test_a_graph_that_cannot_run_is_refused(graph: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidError) as caught:
        load_graph(graph)

    assert [error.path for error in caught.value.errors] == [path]


def test_a_cycle_is_shown() -> None:
    graph = {
        "a": {"class_type": "A", "inputs": {"x": ["b", 0]}},
        "b": {"class_type": "A", "inputs": {"x": ["a", 0]}},
    }

    with pytest.raises(InvalidError, match=r"a → b → a|b → a → b"):
        load_graph(graph)


def test_a_bare_graph_needs_no_spec() -> None:
    assert load_graph(GRAPH) == GRAPH
    assert load_graph(json.dumps(GRAPH)) == GRAPH

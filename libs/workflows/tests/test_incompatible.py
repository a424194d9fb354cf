"""A spec against the classes of its graph: what no caller's values could make right is refused."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import WorkflowVersion, load_version
from workflows.compatibility.incompatible import compatibility_warnings

INFO: dict[str, Any] = {
    "LoadImage": {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
    },
    "ImageToMask": {
        "input": {
            "required": {
                "image": ["IMAGE"],
                "channel": ["COMBO", {"options": ["red", "alpha"]}],
            }
        },
        "output": ["MASK"],
    },
    "MaskToImage": {"input": {"required": {"mask": ["MASK"]}}, "output": ["IMAGE"]},
    "Blur": {
        "input": {
            "required": {
                "mask": ["MASK"],
                "image": ["IMAGE"],
                "radius": ["INT", {"min": 1, "max": 31}],
                "sigma": ["FLOAT", {"min": 0.1, "max": 10.0}],
                "fast": ["BOOLEAN"],
                "note": ["STRING"],
            }
        },
        "output": ["IMAGE"],
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING"]}},
        "output": [],
        "output_node": True,
    },
}
BLUR = {"radius": 3, "sigma": 1.0, "fast": True, "note": ""}
GRAPH: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {"class_type": "ImageToMask", "inputs": {"image": ["1", 0], "channel": "red"}},
    "3": {"class_type": "MaskToImage", "inputs": {"mask": ["2", 0]}},
    "4": {"class_type": "Blur", "inputs": {"mask": ["2", 0], "image": ["3", 0], **BLUR}},
    "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "x"}},
}


def a_spec(**inputs: Any) -> dict[str, Any]:
    outputs = {"images": {"node": "5", "kind": "image"}}
    return {"spec": "comfyfleet/v1", "name": "x", "inputs": inputs, "outputs": outputs}


def loaded(spec: dict[str, Any], info: dict[str, Any] = INFO) -> WorkflowVersion:
    return load_version(spec, GRAPH, object_info=info)


def to(node: str, name: str, **transform: Any) -> dict[str, Any]:
    place: dict[str, Any] = {"node": node, "input": name}
    return {"bind": [place | ({"transform": transform} if transform else {})]}


def refused(**inputs: Any) -> tuple[str, str]:
    with pytest.raises(InvalidError) as caught:
        loaded(a_spec(**inputs))
    [error] = caught.value.errors
    return error.path, error.message


def warned(**inputs: Any) -> list[tuple[str, str]]:
    version = loaded(a_spec(**inputs))
    found = compatibility_warnings(GRAPH, version.spec, INFO)
    return [(error.path, error.message.partition(" takes ")[2]) for error in found]


NEVER: list[tuple[dict[str, Any], str]] = [
    ({"type": "string"} | to("4", "radius"), "a number (INT), not a text"),
    ({"type": "text"} | to("4", "sigma"), "a number (FLOAT), not a text"),
    ({"type": "image"} | to("4", "radius"), "a number (INT), not a text"),
    ({"type": "integer"} | to("4", "radius", template="{} px"), "a number (INT), not a text"),
    ({"type": "choice", "choices": ["fast"]} | to("4", "radius"), "a number (INT), not a text"),
    ({"type": "string"} | to("4", "fast"), "true or false, not a text"),
    ({"type": "text"} | to("4", "image"), "a link that gives IMAGE"),
    ({"type": "integer"} | to("4", "mask"), "a link that gives MASK"),
    ({"type": "list<integer>"} | to("4", "radius"), "a single INT, not a list"),
    (
        {"type": "choice", "choices": ["a"], "when_absent": {"set": "x"}}
        | to("4", "radius", map={"a": 1}),
        "a number (INT), not a text",
    ),
]
ALWAYS: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 1, "maximum": 31} | to("4", "radius"),
    {"type": "integer", "minimum": 1, "maximum": 3} | to("4", "radius", scale=10),
    {"type": "choice", "choices": [1, "2"]} | to("4", "radius"),
    {"type": "choice", "choices": ["soft"]} | to("4", "radius", map={"soft": 9}),
    {"type": "boolean"} | to("4", "radius", map={"true": 1, "false": 2}),
    {"type": "number", "minimum": 0.5, "maximum": 1} | to("4", "sigma"),
    {"type": "boolean"} | to("4", "fast", negate=True),
    {"type": "integer"} | to("4", "note"),
    {"type": "choice", "choices": ["red"]} | to("2", "channel"),
    {"type": "image"} | to("1", "image"),
]
SOMETIMES: list[tuple[dict[str, Any], str]] = [
    ({"type": "integer"} | to("4", "radius"), "a number from 1 to 31, but the spec allows others"),
    ({"type": "integer", "minimum": 1, "maximum": 32} | to("4", "radius"), "a number from 1 to 31"),
    ({"type": "number", "minimum": 1, "maximum": 31} | to("4", "radius"), "a whole number"),
    (
        {"type": "choice", "choices": ["red", "blue"]} | to("2", "channel"),
        "other values: no server now offers blue",
    ),
    ({"type": "string"} | to("2", "channel"), "one value of a list: expected type choice"),
]


@pytest.mark.parametrize(("item", "expected"), NEVER)
def test_a_bind_of_another_type_is_refused(item: dict[str, Any], expected: str) -> None:
    path, message = refused(x=item)

    assert path == "inputs.x.bind.0"
    assert message.endswith(f"takes {expected}")


@pytest.mark.parametrize("item", ALWAYS)
def test_a_bind_that_always_fits_is_not_spoken_of(item: dict[str, Any]) -> None:
    assert warned(x=item) == []


@pytest.mark.parametrize(("item", "expected"), SOMETIMES)
def test_a_bind_that_some_values_do_not_fit_is_warned_of(
    item: dict[str, Any], expected: str
) -> None:
    [(path, message)] = warned(x=item)

    assert path == "inputs.x.bind.0"
    assert message.startswith(expected)


def switched(**action: Any) -> dict[str, Any]:
    return {"type": "boolean", "default": True, "when": {"value": False, **action}}


def test_a_bypass_without_an_input_of_that_type_names_graph_node_and_slot() -> None:
    path, message = refused(on=switched(bypass="2"))

    assert path == "inputs.on.when.0.through"
    assert message.startswith("output 0 of graph node 2 (ImageToMask) gives MASK")


def test_a_bypass_takes_the_input_of_the_same_type() -> None:
    version = loaded(a_spec(on=switched(bypass="4")))

    assert version.spec.inputs["on"].when[0].through == ["image", "image"]


def test_what_an_author_names_for_a_bypass_is_held_against_the_types_too() -> None:
    path, _ = refused(on=switched(bypass="4", through=["mask"]))

    assert path == "inputs.on.when.0.through"


def test_taking_out_what_others_need_is_refused_with_what_they_lack() -> None:
    path, message = refused(on=switched(remove="3"))

    assert path == "inputs.on.when.0"
    assert message == "then graph.4.inputs.image: Blur needs this input"


def test_what_only_all_switches_together_break_is_found() -> None:
    info = INFO | {"Blur": {"input": {"required": {"a": ["IMAGE"]}}, "output": ["IMAGE"]}}
    either: dict[str, Any] = {
        "1": GRAPH["1"],
        "2": {"class_type": "Any", "inputs": {"a": ["1", 0]}},
        "3": {"class_type": "Any", "inputs": {"a": ["1", 1], "b": ["2", 0]}},
        "4": {"class_type": "Blur", "inputs": {"a": ["3", 0]}},
        "5": GRAPH["5"],
    }
    spec = a_spec(one=switched(bypass="3", through=["b"]), two=switched(bypass="2", through=["a"]))

    assert load_version(spec, either, object_info=info)
    either["2"]["inputs"]["a"] = ["1", 1]
    with pytest.raises(InvalidError) as caught:
        load_version(spec, either, object_info=info)
    assert [error.path for error in caught.value.errors] == ["inputs"]


@pytest.mark.parametrize(
    ("input_", "value", "expected"),
    [
        ("radius", [], "Blur needs this input"),
        ("image", [], "Blur needs this input"),
        ("image", [None], "expected a link that gives IMAGE"),
        ("image", [["3", 7]], "links to output 7, but MaskToImage has 1 outputs"),
    ],
)
def test_a_required_input_that_the_graph_leaves_empty_is_warned_of(
    input_: str, value: list[Any], expected: str
) -> None:
    inputs = {name: given for name, given in GRAPH["4"]["inputs"].items() if name != input_}
    node = {"class_type": "Blur", "inputs": inputs | ({input_: value[0]} if value else {})}
    graph = GRAPH | {"4": node}
    spec = load_version(a_spec(), graph, object_info=INFO).spec

    found = compatibility_warnings(graph, spec, INFO)

    assert [(error.path, error.message) for error in found] == [
        (f"graph.4.inputs.{input_}", expected)
    ]


def test_a_saver_that_chooses_its_own_path_is_warned_of() -> None:
    bare = INFO["SaveImage"] | {"python_module": "custom_nodes.mine"}
    bare["input"] = {"required": {"images": ["IMAGE"]}}
    saver = bare | {"input": {**bare["input"], "optional": {"filename_prefix": ["STRING"]}}}
    graph = GRAPH | {"5": {"class_type": "Saver", "inputs": {"images": ["4", 0]}}}
    spec = load_version(a_spec(), graph).spec

    def codes(saver: dict[str, Any]) -> list[str]:
        found = compatibility_warnings(graph, spec, INFO | {"Saver": saver})
        return [error.code for error in found]

    assert codes(bare) == ["own_path"]
    assert codes(saver) == []
    assert codes(bare | {"python_module": "nodes"}) == []


def test_where_no_server_told_of_its_classes_nothing_is_refused_and_that_is_said() -> None:
    spec = a_spec(on=switched(bypass="2"), x={"type": "string"} | to("4", "radius"))

    for info in ({}, {"SaveImage": INFO["SaveImage"]}):
        assert load_version(spec, GRAPH, object_info=info)
    version = load_version(spec, GRAPH)
    assert [error.code for error in compatibility_warnings(GRAPH, version.spec, {})] == [
        "not_checked"
    ]

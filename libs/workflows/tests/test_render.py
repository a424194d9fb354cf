import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import Spec, load_version, render, validate_inputs

Json = dict[str, Any]
GRAPH: Json = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "base"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["10", 1]}},
    "10": {
        "class_type": "LoraLoader",
        # clip before model, as a store that sorts keys leaves them
        "inputs": {"clip": ["4", 1], "lora_name": "x", "model": ["4", 0], "strength_model": 1.0},
    },
    "3": {
        "class_type": "KSampler",
        "inputs": {"model": ["10", 0], "positive": ["6", 0], "steps": 20, "options": {"a": [1, 2]}},
    },
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
}


def rendered(inputs: Json, sent: Json, graph: Json = GRAPH) -> Json:
    spec = {
        "spec": "comfyfleet/v1",
        "name": "x",
        "inputs": inputs,
        "outputs": {"images": {"node": "9", "kind": "image"}},
    }
    version = load_version(spec, graph)
    return render(graph, version.spec, validate_inputs(version.spec, sent, lambda: 7))


def to(node: str, name: str, **more: Any) -> Json:
    return {"bind": [{"node": node, "input": name, **more}]}


def inputs_at(graph: Json, node: str) -> Json:
    return graph[node]["inputs"]


def test_an_absent_lora_is_bypassed_for_each_of_its_consumers() -> None:
    lora = {"type": "model", "folder": "loras", "when_absent": {"bypass": "10"}}

    graph = rendered({"lora": lora | to("10", "lora_name")}, {})

    assert "10" not in graph
    assert inputs_at(graph, "3")["model"] == ["4", 0]
    assert inputs_at(graph, "6")["clip"] == ["4", 1]


def test_a_removed_graph_node_takes_the_links_to_it_and_what_served_it_alone() -> None:
    prompt = {"type": "text", "when_absent": {"remove": "6"}}

    graph = rendered({"prompt": prompt | to("6", "text")}, {})

    assert "6" not in graph
    assert "positive" not in inputs_at(graph, "3")
    assert graph.keys() == {"3", "4", "9", "10"}


def test_a_boolean_switches_a_graph_node() -> None:
    switch = {"type": "boolean", "default": True, "when": {"value": False, "bypass": "10"}}

    assert "10" in rendered({"style": switch}, {})
    assert "10" not in rendered({"style": switch}, {"style": False})


def test_a_number_switches_however_it_is_written() -> None:
    strength = {"type": "number", "when": {"value": 0, "bypass": "10"}}

    graph = rendered({"x": strength | to("10", "strength_model")}, {"x": 0.0})

    assert "10" not in graph


def test_absence_can_set_a_value() -> None:
    steps = {"type": "integer", "when_absent": {"set": 4}}

    assert inputs_at(rendered({"steps": steps | to("3", "steps")}, {}), "3")["steps"] == 4


def test_without_a_value_the_graph_keeps_its_own() -> None:
    graph = rendered({"steps": {"type": "integer"} | to("3", "steps")}, {})

    assert inputs_at(graph, "3")["steps"] == 20


@pytest.mark.parametrize(
    ("item", "transform", "value", "placed"),
    [
        ({"type": "string"}, {"template": "{}, fine"}, "{} {0}", "{} {0}, fine"),
        ({"type": "choice", "choices": ["fast"]}, {"map": {"fast": 4}}, "fast", 4),
        ({"type": "boolean"}, {"map": {True: "on", False: "off"}}, False, "off"),
        ({"type": "boolean"}, {"negate": True}, False, True),
        ({"type": "integer"}, {"scale": 0.1}, 26, 3),
        ({"type": "number"}, {"scale": 2}, 1.5, 3.0),
    ],
)
def test_a_transform_changes_the_value_on_its_way(
    item: Json, transform: Json, value: Any, placed: Any
) -> None:
    graph = rendered({"x": item | to("3", "steps", transform=transform)}, {"x": value})

    assert inputs_at(graph, "3")["steps"] == placed


def test_a_path_reaches_into_an_object() -> None:
    graph = rendered({"x": {"type": "integer"} | to("3", "options", path="a.1")}, {"x": 9})

    assert inputs_at(graph, "3")["options"] == {"a": [1, 9]}


def test_a_list_of_two_is_never_taken_for_a_link() -> None:
    item = {"type": "list<choice>", "choices": ["4", 0]}

    graph = rendered({"x": item | to("3", "steps")}, {"x": ["4", 0]})

    assert inputs_at(graph, "3")["steps"] == {"__value__": ["4", 0]}


def test_media_become_the_files_they_were_staged_as() -> None:
    media = "0192f0c0-0000-7000-8000-00000000000a"
    item = {"type": "image", "bind": [{"node": "1", "input": "image"}]}
    spec = Spec.model_validate({"spec": "comfyfleet/v1", "name": "x", "inputs": {"image": item}})
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": ""}}}
    inputs = {"image": {"media": media}}

    assert inputs_at(render(graph, spec, inputs, {media: "cf/1.png"}), "1")["image"] == "cf/1.png"
    assert inputs_at(render(graph, spec, inputs), "1")["image"] == media


@given(st.data())
def test_every_value_lands_where_it_is_bound_and_nowhere_else(data: st.DataObject) -> None:
    ids = [str(n) for n in range(data.draw(st.integers(1, 6)))]
    names = ["a", "b", "c"]
    graph: Json = {id_: {"class_type": "A", "inputs": dict.fromkeys(names, 0)} for id_ in ids}
    places = data.draw(st.permutations([(id_, name) for id_ in ids for name in names]))
    split = data.draw(st.integers(0, len(places)))
    bound = {f"i{n}": place for n, place in enumerate(places[:split])}
    values = {name: data.draw(st.integers(1, 2**64)) for name in bound}
    items = {name: {"type": "integer"} | to(*place) for name, place in bound.items()}
    spec = Spec.model_validate({"spec": "comfyfleet/v1", "name": "x", "inputs": items})
    before = copy.deepcopy(graph)

    result = render(graph, spec, values)

    found = {(id_, key): v for id_, node in result.items() for key, v in node["inputs"].items()}
    assert found == dict.fromkeys(places, 0) | {bound[name]: v for name, v in values.items()}
    assert graph == before
    assert json.dumps(result) == json.dumps(render(graph, spec, values))


@given(st.data())
def test_what_is_bypassed_or_removed_leaves_no_dangling_link(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 8))
    graph: Json = {}
    for n in range(count):
        sources = data.draw(st.lists(st.integers(0, n - 1), max_size=3)) if n else []
        links = {f"in{i}": [str(source), 0] for i, source in enumerate(sources)}
        graph[str(n)] = {"class_type": "A", "inputs": links}
    cut = data.draw(st.lists(st.integers(0, count - 2), unique=True))
    acts = {str(n): data.draw(st.sampled_from(["bypass", "remove"])) for n in cut}
    items = {
        f"i{n}": {"type": "string", "when_absent": {act: n} | through(act, graph[n])}
        for n, act in acts.items()
    }
    outputs = {"o": {"node": str(count - 1), "kind": "image"}}
    spec = Spec.model_validate(
        {"spec": "comfyfleet/v1", "name": "x", "inputs": items, "outputs": outputs}
    )

    result = render(graph, spec, {})

    links = [link for node in result.values() for link in node["inputs"].values()]
    assert all(link[0] in result for link in links)
    assert not result.keys() & acts.keys()
    assert str(count - 1) in result


def through(act: str, node: Json) -> Json:
    return {"through": list(node["inputs"])} if act == "bypass" else {}

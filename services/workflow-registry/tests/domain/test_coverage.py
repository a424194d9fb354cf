import json
from collections.abc import Sequence
from typing import Any

from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import NodePhase
from workflow_registry.domain.coverage import coverage, is_runnable, nearest, unmet_requirements
from workflow_registry.domain.descriptions import Description, read_classes
from workflows import load_version

from ..builders import CLASSES, a_graph, a_node, a_spec  # noqa: TID252  shared by these tests alone

LOADER: dict[str, Any] = {
    "input": {"required": {"lora_name": [["film.safetensors"], {}]}},
    "output": ["IMAGE"],
}


def unmet_names(
    *, graph: str = "", inputs: str = "", models: Sequence[ModelFile] = (), **classes: Any
) -> list[tuple[str, str]]:
    spec = a_spec() if not inputs else a_spec().replace("inputs: {", f"inputs: {{{inputs}, ")
    version = load_version(spec, graph or a_graph())
    known = {name: info for name, info in {**CLASSES, **classes}.items() if info}
    description = Description(read_classes(known), frozenset(models))
    return [
        (entry.kind, entry.name)
        for entry in unmet_requirements(version.graph, version.spec, description)
    ]


def with_loader(class_: str, name: str) -> str:
    graph = json.loads(a_graph())
    graph["1"]["inputs"] = {**graph["1"]["inputs"], "lora": ["3", 0]}
    graph["3"] = {"class_type": class_, "inputs": {name: "noir.safetensors"}}
    return json.dumps(graph)


def test_a_server_with_all_that_is_needed_lacks_nothing() -> None:
    assert unmet_names() == []


def test_a_class_that_is_not_there_is_named() -> None:
    assert unmet_names(EmptyImage=None) == [("class", "EmptyImage")]


def test_a_model_file_that_is_not_there_is_named_with_its_folder() -> None:
    graph = with_loader("LoraLoader", "lora_name")
    has = [ModelFile(folder="loras", name="noir.safetensors")]

    assert unmet_names(graph=graph, LoraLoader=LOADER) == [("model", "loras/noir.safetensors")]
    assert unmet_names(graph=graph, LoraLoader=LOADER, models=has) == []


def test_a_switch_that_breaks_the_graph_on_a_server_is_a_lack_of_it() -> None:
    graph = json.loads(a_graph())
    graph["3"] = {"class_type": "Invert", "inputs": {"image": ["1", 0]}}
    graph["2"]["inputs"]["images"] = ["3", 0]
    off = 'keep: {type: boolean, default: true, when: {value: false, remove: "3"}}'
    invert = {"input": {"required": {"image": ["IMAGE"]}}, "output": ["IMAGE"]}

    found = unmet_names(graph=json.dumps(graph), inputs=off, Invert=invert)

    assert found == [("input", "inputs.keep.when.0")]


def test_a_value_that_a_server_does_not_offer_is_a_choice_or_a_model() -> None:
    graph = with_loader("MyLoader", "lora_name")
    bound = (
        'lora: {type: model, folder: loras, default: x.gguf, bind: [{node: "3", input: lora_name}]}'
    )

    assert unmet_names(graph=graph, MyLoader=LOADER) == [("choice", "lora_name: noir.safetensors")]
    assert unmet_names(graph=graph, inputs=bound, MyLoader=LOADER) == [("model", "x.gguf")]


def test_an_input_that_does_not_fit_is_named() -> None:
    small = {"input": {"required": {"width": ["INT", {"max": 8}]}}, "output": ["IMAGE"]}

    assert unmet_names(EmptyImage=small) == [("input", "graph.1.inputs.width")]


def test_what_an_absent_input_switches_off_is_not_needed() -> None:
    graph = json.loads(a_graph())
    graph["2"]["inputs"]["images"] = ["3", 0]
    graph["3"] = {"class_type": "Grain", "inputs": {"image": ["1", 0], "amount": 1}}
    bound = 'grain: {type: number, bind: [{node: "3", input: amount}], when_absent: {bypass: "3"}}'

    assert unmet_names(graph=json.dumps(graph), inputs=bound) == []


def test_only_a_node_that_takes_jobs_makes_it_runnable() -> None:
    lost, ready = a_node("able", state=NodePhase.LOST), a_node("unable")
    unmet = {"able": [], "unable": missing_class()}

    assert is_runnable([lost, ready], unmet) is False
    assert is_runnable([a_node("able")], unmet) is True
    assert is_runnable([a_node(None)], {}) is None
    assert [entry.name for entry in nearest({"unable": missing_class()})] == ["Grain"]


def test_the_view_says_of_each_node_what_it_lacks() -> None:
    nodes = [a_node("able", name="a"), a_node("unable", name="b"), a_node(None, name="c")]

    view = coverage(nodes, {"able": [], "unable": missing_class()})

    assert [(node.name, node.is_runnable, node.is_described) for node in view.nodes] == [
        ("a", True, True),
        ("b", False, True),
        ("c", False, False),
    ]
    assert view.is_runnable is True
    assert view.nodes[1].unmet == missing_class()


def test_the_view_of_many_nodes_fits_into_a_message() -> None:
    many = {"unable": [entry for entry in missing_class() for _ in range(20)]}

    view = coverage([a_node("unable") for _ in range(1_000)], many)

    assert len(view.model_dump_json()) < 512 * 1024


def missing_class() -> list[Any]:
    version = load_version(a_spec(), a_graph().replace("EmptyImage", "Grain"))
    description = Description(read_classes(CLASSES), frozenset())
    return unmet_requirements(version.graph, version.spec, description)

"""A list of files: the n-th goes to the n-th place, and a place without one can be switched off."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import (
    WorkflowVersion,
    inputs_schema,
    load_version,
    media_uses,
    render,
    seal,
    validate_inputs,
)
from workflows.testing import variants

IDS = [f"0192f0c0-0000-7000-8000-00000000000{n}" for n in range(4)]
FILES = {id_: f"cf/{n}.png" for n, id_ in enumerate(IDS)}
GRAPH: dict[str, Any] = {
    **{n: {"class_type": "LoadImage", "inputs": {"image": "x.png"}} for n in "123"},
    "4": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
    "5": {"class_type": "ImageBatch", "inputs": {"image1": ["4", 0], "image2": ["3", 0]}},
    "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "x"}},
}
OPTIONAL = {"when_absent": {"bypass": "5", "through": ["image1"]}}


def a_version(**changes: Any) -> WorkflowVersion:
    places: list[Any] = [{"node": n, "input": "image"} for n in "123"]
    places[2] |= OPTIONAL
    pictures = {"type": "list<image>", "min_items": 2, "required": True, "bind": places}
    outputs = {"images": {"node": "6", "kind": "image"}}
    inputs = {"pictures": pictures | changes}
    spec = {"spec": "comfyfleet/v1", "name": "x", "inputs": inputs, "outputs": outputs}
    return load_version(spec, GRAPH)


def rendered(version: WorkflowVersion, count: int) -> dict[str, Any]:
    sent = {"pictures": [{"media": id_} for id_ in IDS[:count]]}
    inputs = validate_inputs(version.spec, sent, lambda: 7)
    assert [use.media_id for use in media_uses(version.spec, inputs)] == IDS[:count]
    return dict(seal(render(version.graph, version.spec, inputs, FILES), "cf/a"))


def files_in(graph: dict[str, Any]) -> list[str]:
    return [node["inputs"]["image"] for node in graph.values() if "image" in node["inputs"]]


def test_each_file_goes_to_a_place_of_its_own() -> None:
    assert files_in(rendered(a_version(), 3)) == ["cf/0.png", "cf/1.png", "cf/2.png"]


def test_a_place_without_a_file_is_switched_off() -> None:
    graph = rendered(a_version(), 2)

    assert files_in(graph) == ["cf/0.png", "cf/1.png"]
    assert graph["6"]["inputs"]["images"] == ["4", 0]


def test_there_are_as_many_files_as_places_at_most() -> None:
    version = a_version()

    assert inputs_schema(version.spec)["properties"]["pictures"]["maxItems"] == 3
    with pytest.raises(InvalidError, match="2 to 3"):
        rendered(version, 4)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"max_items": 4}, "inputs.pictures.max_items"),
        ({"min_items": 1}, "inputs.pictures.min_items"),
    ],
)
def test_a_list_that_does_not_fit_its_places_is_refused(changes: Any, path: str) -> None:
    with pytest.raises(InvalidError) as caught:
        a_version(**changes)

    assert [error.path for error in caught.value.errors] == [path]


def test_one_place_takes_no_list_of_two() -> None:
    with pytest.raises(InvalidError, match="at most 1"):
        a_version(bind=[{"node": "1", "input": "image"}], max_items=2)


def test_every_number_of_files_is_a_variant() -> None:
    assert [label for label, _ in variants(a_version())] == ["pictures=2", "pictures=3"]


def test_an_absent_value_switches_off_each_of_its_places() -> None:
    loras = {
        "5": {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": "a", "model": ["1", 0]}},
        "6": {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": "b", "model": ["5", 0]}},
    }
    graph: dict[str, Any] = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "a"}},
        **loras,
        "9": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
    }
    places = [{"node": id_, "input": "lora_name", "when_absent": {"bypass": id_}} for id_ in loras]
    inputs = {"lora": {"type": "model", "folder": "loras", "bind": places}}
    outputs = {"images": {"node": "9", "kind": "image"}}
    spec = {"spec": "comfyfleet/v1", "name": "x", "inputs": inputs, "outputs": outputs}
    version = load_version(spec, graph)

    assert render(graph, version.spec, {"lora": None}).keys() == {"1", "9"}
    assert render(graph, version.spec, {"lora": "c"}).keys() == graph.keys()

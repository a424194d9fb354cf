"""A draft names what people set, and passes every check as it stands."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import load_version, validate_inputs
from workflows.authoring.proposal import propose
from workflows.compatibility.safety import risks

FOLDER = Path(__file__).parents[3] / "workflows"
GRAPHS = sorted(FOLDER.glob("*.graph.json"))


def shipped(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.graph.json").read_text())


def places(spec: dict[str, Any], name: str) -> list[tuple[str, str]]:
    return [(bind["node"], bind["input"]) for bind in spec["inputs"][name]["bind"]]


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.name.partition(".")[0])
def test_the_draft_of_every_shipped_graph_passes(path: Path) -> None:
    graph = json.loads(path.read_text())

    assert load_version(propose(graph, "mine"), graph).spec.inputs


def test_prompts_are_told_apart_by_the_links_to_the_sampler() -> None:
    spec = propose(shipped("txt2img"), "mine")

    assert places(spec, "prompt") == [("6", "text")]
    assert places(spec, "negative") == [("7", "text")]
    assert spec["inputs"]["prompt"]["required"]


def test_texts_without_a_sampler_are_found_by_what_they_are_called() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "Flux", "inputs": {"prompt": "a", "negative_prompt": "", "seed": 3}},
        "2": {"class_type": "Sing", "inputs": {"tags": "pop", "lyrics": "la", "style": "long"}},
        "3": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a fox"}},
        "4": {"class_type": "Gemini", "inputs": {"prompt": ["3", 0], "mood": "calm"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    several: dict[str, Any] = {"multiline": True}
    kinds = {"tags": ["STRING"], "lyrics": ["COMBO", several], "style": ["STRING", several]}
    info: dict[str, Any] = {"Sing": {"input": {"required": kinds}}}
    info["SaveImage"] = {"output_node": True}

    bare = propose({id_: graph[id_] for id_ in "129"}, "mine")
    known = propose(
        {id_: graph[id_] for id_ in "29"} | {"9": graph["9"] | {"inputs": {}}}, "m", info
    )
    linked = propose({id_: graph[id_] for id_ in "349"} | {"1": graph["1"]}, "mine")

    assert list(bare["inputs"]) == ["prompt", "negative", "tags", "lyrics", "seed"]
    assert list(known["inputs"]) == ["tags", "style"]
    assert places(linked, "prompt") == [("3", "value")]


def test_ranges_come_from_the_fleet() -> None:
    declared = {"required": {"steps": ["INT", {"min": 1, "max": 50}]}}
    info = {"KSampler": {"input": declared}, "SaveImage": {"output_node": True}}

    steps = propose(shipped("txt2img"), "mine", info)["inputs"]["steps"]

    assert (steps["minimum"], steps["maximum"]) == (1, 50)


def test_a_controlnet_between_does_not_mix_the_prompts() -> None:
    spec = propose(shipped("controlnet_canny"), "mine")

    assert len(places(spec, "prompt")) == len(places(spec, "negative")) == 1
    assert places(spec, "prompt") != places(spec, "negative")


def test_size_seed_steps_model_and_an_optional_lora_are_found() -> None:
    spec = propose(shipped("txt2img"), "mine")

    wanted = {"width", "height", "seed", "steps", "cfg", "model", "lora", "lora_strength"}
    assert wanted <= spec["inputs"].keys()
    assert spec["inputs"]["lora"]["when_absent"] == {"bypass": "10"}


def test_pictures_and_masks_are_uploads() -> None:
    inputs = propose(shipped("inpaint"), "mine")["inputs"]

    assert inputs["image"]["type"] == "image"
    assert inputs["mask"]["of"] == "image"


def test_a_model_of_a_thing_is_an_upload_too() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "Load3D", "inputs": {"model_file": "3d/chair.glb [input]"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }

    spec = propose(graph, "mine")

    assert spec["inputs"]["model_file"]["type"] == "3d"
    media = {"media": "0192f0c0-0000-7000-8000-00000000000a"}
    version = load_version(spec, graph)
    assert validate_inputs(version.spec, {"model_file": media}, lambda: 1)["model_file"] == media


def test_a_title_that_a_person_gave_is_the_title_of_the_input() -> None:
    graph = shipped("txt2img")
    graph["6"]["_meta"] = {"title": "What to paint"}
    graph["7"]["_meta"] = {"title": "CLIP Text Encode"}

    inputs = propose(graph, "mine")["inputs"]

    assert inputs["prompt"]["title"] == "What to paint"
    assert "title" not in inputs["negative"]


def test_choices_come_from_the_fleet() -> None:
    offered = ["euler", "heun"]
    declared = {"required": {"sampler_name": [offered]}}
    info = {"KSampler": {"input": declared}, "SaveImage": {"output_node": True}}

    assert propose(shipped("txt2img"), "mine", info)["inputs"]["sampler"]["choices"] == offered


def test_a_graph_from_which_nothing_comes_is_refused() -> None:
    with pytest.raises(InvalidError, match="writes files"):
        propose({"1": {"class_type": "EmptyImage", "inputs": {}}}, "mine")


def test_a_draft_is_judged_as_an_upload_is() -> None:
    multiline = {"multiline": True}
    graph: dict[str, Any] = {
        "1": {"class_type": "Math", "inputs": {"expression": "a + b", "text": "a fox"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    inputs = {"expression": ["STRING", multiline], "text": ["STRING", multiline]}
    info: dict[str, Any] = {
        "Math": {"input": {"required": inputs}, "output": ["IMAGE"]},
        "SaveImage": {"input": {}, "output": [], "output_node": True},
    }

    def check(spec: dict[str, Any], graph: dict[str, Any]) -> None:
        version = load_version(spec, graph, object_info=info)
        if found := risks(version.graph, version.spec):
            raise InvalidError("not safe", errors=found)

    assert list(propose(graph, "mine", info)["inputs"]) == ["expression", "text"]
    assert list(propose(graph, "mine", info, check)["inputs"]) == ["text"]
    graph["1"]["inputs"]["image"] = "x.png [output]"
    with pytest.raises(InvalidError):
        propose(graph, "mine", info, check)

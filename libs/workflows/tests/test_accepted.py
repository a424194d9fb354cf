"""Graphs that ComfyUI runs are not refused, however unusual they look."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import load_version, requirements, seal
from workflows.compatibility.graph_check import graph_doubts, graph_errors
from workflows.compatibility.safety import risks

SAVE: dict[str, Any] = {
    "class_type": "SaveImage",
    "inputs": {"images": ["1", 0], "filename_prefix": "x"},
}
CLIPSPACE = "clipspace/clipspace-painted-masked-1730000000000.png [input]"


def a_class(*outputs: str, custom: bool = False, **inputs: list[Any]) -> dict[str, Any]:
    module = {"python_module": "custom_nodes.a_pack"} if custom else {}
    return {"input": {"required": inputs}, "output": [*outputs], **module}


def a_graph(**inputs: Any) -> dict[str, Any]:
    return {"1": {"class_type": "A", "inputs": inputs}}


def risk_codes(graph: dict[str, Any], **inputs: Any) -> list[str]:
    outputs = {"images": {"node": "2", "kind": "image"}}
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": inputs, "outputs": outputs}
    version = load_version(spec, {**graph, "2": SAVE})
    return [error.code for error in risks(version.graph, version.spec)]


def loading(image: str) -> dict[str, Any]:
    return {"1": {"class_type": "LoadImage", "inputs": {"image": image}}}


def picture(**more: Any) -> dict[str, Any]:
    return {"type": "image", "bind": [{"node": "1", "input": "image"}], **more}


@pytest.mark.parametrize("image", [CLIPSPACE, "name.png [input]"])
def test_a_name_that_the_mask_editor_writes_stays_in_its_folder(image: str) -> None:
    assert risk_codes(loading(image)) == []
    assert seal(loading(image), "cf/a")["1"]["inputs"]["image"] == image


@pytest.mark.parametrize("image", ["../x.png [input]", "x.png [output] [input]", "x.png[output]"])
def test_that_annotation_opens_no_other_folder(image: str) -> None:
    assert risk_codes(loading(image)) == ["unsafe_path"]


def test_a_stored_value_that_every_job_replaces_is_not_judged() -> None:
    other = loading("cf/9_00001_.png [output]")

    assert risk_codes(other, picture=picture(required=True)) == []
    assert risk_codes(other, picture=picture()) == ["unsafe_path"]


def test_the_name_of_a_model_may_come_by_a_link() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": ["3", 0]}},
        "3": {"class_type": "Chooser", "inputs": {}},
    }

    assert risk_codes(graph) == []
    assert seal(graph, "cf/a")["1"]["inputs"]["model_name"] == ["3", 0]


def test_a_preview_vae_lies_in_its_own_folder() -> None:
    def models(name: str) -> set[tuple[str, str]]:
        loader = {"class_type": "VAELoader", "inputs": {"vae_name": name}}
        return set(requirements({"1": loader}).models)

    assert models("taehv.safetensors") == {("vae_approx", "taehv.safetensors")}
    assert models("wan/taehv.safetensors") == {("vae_approx", "wan/taehv.safetensors")}
    assert models("taef2") == set()
    assert models("ae.safetensors") == {("vae", "ae.safetensors")}


def test_models_inside_objects_are_required_unless_they_are_switched_off() -> None:
    loras = {
        "lora_1": {"on": True, "lora": "styles\\ink.safetensors", "strength": 0.8},
        "lora_2": {"on": False, "lora": "b.safetensors", "strength": 1},
        "lora_3": {"on": True, "lora": "None"},
    }
    stacked = {"stack": {"entries": [{"lora_name": "c.safetensors"}]}}
    graph = {
        "1": {"class_type": "Power Lora Loader (rgthree)", "inputs": loras},
        "3": {"class_type": "Stack", "inputs": stacked},
    }

    assert requirements(graph).models == {
        ("loras", "styles/ink.safetensors"),
        ("loras", "c.safetensors"),
    }
    assert risk_codes(a_graph(lora_1={"lora": "../x.safetensors"})) == ["unsafe_path"]


@pytest.mark.parametrize(("separator", "name"), [("/", "a/b.pt"), ("\\", "a\\b.pt")])
def test_a_model_is_named_as_its_server_names_it(separator: str, name: str) -> None:
    for sent in ("a/b.pt", "a\\b.pt"):
        graph = {
            "1": {"class_type": "LoraLoader", "inputs": {"lora_name": sent}},
            "2": {"class_type": "A", "inputs": {"lora_1": {"lora": sent}, "file_type": sent}},
            "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a/b or a\\b"}},
        }

        sealed = seal(graph, "cf/a", separator)

        assert requirements(graph).models == {("loras", "a/b.pt")}
        assert sealed["1"]["inputs"]["lora_name"] == name
        assert sealed["2"]["inputs"]["lora_1"] == {"lora": name}
        assert sealed["2"]["inputs"]["file_type"] == name
        assert sealed["3"]["inputs"]["text"] == "a/b or a\\b"


DOUBTS: list[tuple[list[Any], Any]] = [
    (["COMBO", {"options": ["a"]}], "made up"),
    (["INT", {"max": 8}], 9),
]


@pytest.mark.parametrize(("declared", "value"), DOUBTS)
def test_a_value_that_a_custom_node_may_accept_itself_is_only_a_doubt(
    declared: list[Any], value: Any
) -> None:
    graph, own = a_graph(x=value), {"A": a_class(x=declared)}
    custom = {"A": a_class(custom=True, x=declared)}

    assert graph_errors(graph, custom) == []
    assert [error.path for error in graph_doubts(graph, custom)] == ["graph.1.inputs.x"]
    assert graph_errors(graph, own)
    assert graph_doubts(graph, own) == []


def test_a_model_that_a_custom_node_does_not_offer_is_missing() -> None:
    info = {"A": a_class(custom=True, x=["COMBO", {"options": ["s\\a.pth"]}])}

    assert graph_errors(a_graph(x="s/a.pth"), info) == []
    assert [error.code for error in graph_errors(a_graph(x="b.pth"), info)] == ["not_a_choice"]


def test_a_custom_node_may_have_more_outputs_than_it_lists() -> None:
    graph = {**a_graph(), "2": {"class_type": "B", "inputs": {"x": ["1", 5]}}}
    taker = a_class(x=["IMAGE"])

    assert graph_errors(graph, {"A": a_class("IMAGE", custom=True), "B": taker}) == []
    found = graph_errors(graph, {"A": a_class("IMAGE"), "B": taker})
    assert [error.code for error in found] == ["bad_link"]


OPEN = ["*", "COMFY_MATCHTYPE_V3", "FLOAT, INT", "INT,STRING"]


@pytest.mark.parametrize("type_", OPEN)
def test_a_literal_is_accepted_where_the_type_is_open(type_: str) -> None:
    info = {"A": a_class(type_, "FLOAT", "INT", x=[type_, {}])}

    assert graph_errors(a_graph(x="some text"), info) == []


def test_a_union_takes_a_link_of_each_of_its_types() -> None:
    info = {"A": a_class("INT"), "B": a_class(x=["FLOAT, INT", {}])}
    graph = {**a_graph(), "2": {"class_type": "B", "inputs": {"x": ["1", 0]}}}

    assert graph_errors(graph, info) == []


@pytest.mark.parametrize(
    "class_",
    [
        *("TruncateTextEncode", "RunwayEncodeText", "PlatformPathways", "RunVideoCodec"),
        *("Seashell", "seashells", "Nutshell", "EGGSHELL", "Shellfish", "SeashellMask"),
        *("render_eggshell", "ShellfishCounter", "Tortoiseshell Cat", "ImageFromPathway"),
    ],
)
def test_a_pattern_names_words_and_no_parts_of_words(class_: str) -> None:
    assert risk_codes({"1": {"class_type": class_, "inputs": {}}}) == []


@pytest.mark.parametrize(
    "class_",
    [
        *("RunCodeNode", "run_some_code", "runpythoncode", "执行Python", "RunShell", "Shell"),
        *("ShellCommand", "shell_exec", "ExecutePython", "shellexec", "superpython", "Powershell"),
        *("PythonicCode", "ExecutorOfCode", "loadpromptsfromdir", "SeashellPython", "SHELL"),
        *("Shells", "PathShell", "Seashell_Shell", "subprocesscall", "getfromurl"),
    ],
)
def test_a_pattern_finds_its_words_in_every_spelling(class_: str) -> None:
    assert risk_codes({"1": {"class_type": class_, "inputs": {}}}) == ["forbidden_class"]


def test_keys_that_do_not_run_are_dropped_before_they_are_judged() -> None:
    text = """{"1": {"inputs": {"width": 64}, "class_type": "EmptyImage", "is_changed": [NaN]},
        "2": {"inputs": {"images": ["1", 0]}, "class_type": "Save", "_meta": {"title": "S"}}}"""
    spec = "spec: comfyfleet/v1\nname: a\noutputs: {images: {node: '2', kind: image}}"

    assert load_version(spec, text).graph == {
        "1": {"inputs": {"width": 64}, "class_type": "EmptyImage"},
        "2": {
            "inputs": {"images": ["1", 0]},
            "class_type": "Save",
            "_meta": {"title": "S"},
        },
    }
    with pytest.raises(InvalidError) as caught:
        load_version(spec, text.replace("64", "NaN"))
    assert [error.path for error in caught.value.errors] == ["graph.1.inputs.width"]

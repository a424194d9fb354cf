"""The shipped workflows fit a real ComfyUI: its recorded `object_info` is the judge.

`object_info_workflows.json` is ComfyUI 0.8.0's own; `object_info_custom_nodes.json` is what the
custom nodes that workflows name say about themselves. Both are trimmed to the classes in use.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import FieldError
from workflows import WorkflowVersion, inputs_schema, render, requirements, seal
from workflows.compatibility.graph_check import graph_errors
from workflows.docs.pages import load_folder
from workflows.testing import inputs_with, variants

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT / "tests" / "recordings"
SHIPPED = load_folder(ROOT / "workflows")
CORE: dict[str, Any] = json.loads((RECORDINGS / "object_info_workflows.json").read_text())
CUSTOM: dict[str, Any] = json.loads((RECORDINGS / "object_info_custom_nodes.json").read_text())
UTILITIES = {"solid", "resize", "composite", "crop", "rotate", "stitch", "edges", "cut_out"}
PAINTERS = {
    *("txt2img", "img2img", "inpaint", "outpaint", "hires_fix", "sd15", "sdxl", "lora_txt2img"),
    *("upscale", "upscale_to_size", "controlnet_canny", "three_variations", "lora_portrait"),
    *("comic_panel", "comic_background", "comic_character_sheet"),
    *("flux_schnell", "flux_dev", "image_to_video"),
}
WITH_CUSTOM_NODES = {
    *("controlnet_depth", "controlnet_pose", "flux_wavespeed", "character_sheet"),
    *("face_portrait", "face_swap", "remove_background"),
}
every_workflow = pytest.mark.parametrize("version", SHIPPED.values(), ids=SHIPPED)


def custom_classes(version: WorkflowVersion) -> set[str]:
    return {*version.spec.requires.classes}


def server_of(version: WorkflowVersion) -> dict[str, Any]:
    """A ComfyUI with the custom nodes that the workflow asks for, and no others."""
    return CORE | {name: CUSTOM[name] for name in custom_classes(version)}


def test_all_of_them_are_here() -> None:
    assert SHIPPED.keys() == UTILITIES | PAINTERS | WITH_CUSTOM_NODES


@every_workflow
def test_a_workflow_fits_with_every_optional_part_present_and_absent(
    version: WorkflowVersion,
) -> None:
    server = server_of(version)
    found: dict[str, list[FieldError]] = {}
    for label, inputs in variants(version):
        graph = seal(render(version.graph, version.spec, inputs), "cf/a")
        found[label] = graph_errors(graph, server, version.spec)

    assert graph_errors(version.graph, server, version.spec) == []
    assert {label: errors for label, errors in found.items() if errors} == {}


@every_workflow
def test_a_workflow_names_the_custom_nodes_that_it_uses_and_no_others(
    version: WorkflowVersion,
) -> None:
    used = {node["class_type"] for node in version.graph.values()}

    assert used - CORE.keys() == custom_classes(version)
    assert bool(custom_classes(version)) == (version.name in WITH_CUSTOM_NODES)


@every_workflow
def test_a_server_without_a_custom_node_is_told_what_brings_it(version: WorkflowVersion) -> None:
    bring = {
        class_: f"; it comes with {package.name}, {package.url}"
        for package in version.spec.requires.custom_nodes
        for class_ in package.classes
    }
    if newer := version.spec.requires.comfyui:
        bring |= dict.fromkeys(newer.classes, f"; it comes with ComfyUI {newer.release}")
    found = graph_errors(version.graph, CORE, version.spec)

    assert {error.message for error in found if error.code == "missing_class"} == {
        f"the server has no graph-node class {class_}{end}" for class_, end in bring.items()
    }


@every_workflow
def test_a_workflow_tells_where_the_models_of_its_defaults_come_from(
    version: WorkflowVersion,
) -> None:
    inputs = inputs_with(version)
    told = {(source.folder, source.name) for source in version.spec.requires.models}
    callers = {
        inputs[name]
        for name, item in version.spec.inputs.items()
        if item.type == "model" and item.default is None
    }
    found = requirements(render(version.graph, version.spec, inputs)).models

    assert {(folder, name) for folder, name in found if name not in callers} <= told


@every_workflow
def test_a_workflow_needs_models_only_if_it_says_so(version: WorkflowVersion) -> None:
    found = requirements(render(version.graph, version.spec, inputs_with(version)))

    assert bool(found.models) == bool(version.spec.requires.models)


@every_workflow
def test_every_field_is_named_in_three_languages(version: WorkflowVersion) -> None:
    for field in inputs_schema(version.spec)["properties"].values():
        assert field["x-comfyfleet-title"].keys() == {"en", "ru", "th"}
    assert version.spec.title.keys() == {"en", "ru", "th"}


@pytest.mark.parametrize(
    "name", sorted(name for name, v in SHIPPED.items() if "lora_strength" in v.spec.inputs)
)
def test_a_named_lora_is_needed_and_an_absent_one_is_not(name: str) -> None:
    version = SHIPPED[name]
    styled = render(version.graph, version.spec, inputs_with(version, lora="oil.safetensors"))

    assert ("loras", "oil.safetensors") in requirements(styled).models
    if not version.spec.inputs["lora"].required:
        without = render(version.graph, version.spec, inputs_with(version, lora="None"))
        assert not any("Lora" in class_ for class_ in requirements(without).classes)


def test_flux_wavespeed_has_the_parameters_that_its_callers_know() -> None:
    inputs = SHIPPED["flux_wavespeed"].spec.inputs

    assert {name: item.default for name, item in inputs.items()} == {
        "prompt": None,
        "model": "flux1-schnell-Q4_K_S.gguf",
        "steps": 20,
        "seed": "random",
        "lora": "None",
        "lora_strength": 1.0,
        "width": 1024,
        "height": 1024,
        "FBC_optimize": True,
    }


def test_the_first_block_cache_can_be_switched_off() -> None:
    version = SHIPPED["flux_wavespeed"]
    graph = render(version.graph, version.spec, inputs_with(version, FBC_optimize=False))

    assert requirements(graph).classes & {"ApplyFBCacheOnModel", "LoraLoaderModelOnly"} == set()
    assert graph["3"]["inputs"]["model"] == ["4", 0]


def test_without_a_preprocessor_a_control_map_needs_no_custom_node() -> None:
    for name in ("controlnet_depth", "controlnet_pose"):
        version = SHIPPED[name]
        graph = render(version.graph, version.spec, inputs_with(version, preprocess=False))
        assert graph_errors(graph, CORE, version.spec) == []


def test_a_graph_that_does_not_fit_is_told_where() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 0, "height": 8, "batch_size": 1}},
        "2": {"class_type": "VAEDecode", "inputs": {"samples": ["1", 0], "vae": ["1", 3]}},
        "3": {"class_type": "Unheard", "inputs": {}},
        "4": {"class_type": "LoadImageMask", "inputs": {"image": "x", "channel": "infrared"}},
    }

    assert {error.path: error.code for error in graph_errors(graph, CORE)} == {
        "graph.1.inputs.width": "out_of_range",
        "graph.1.inputs.color": "missing",
        "graph.2.inputs.samples": "wrong_type",
        "graph.2.inputs.vae": "bad_link",
        "graph.3.class_type": "missing_class",
        "graph.4.inputs.channel": "not_a_choice",
    }

"""Every shipped workflow that needs no custom node runs to its end on the preview engine.

With every optional part present and absent, and with no models but those that it offers by itself.
"""

from pathlib import Path
from typing import Any

import pytest

from contracts.content_types import sniff
from media.domain.kinds import accepts
from workflows import Inputs, WorkflowVersion
from workflows.compatibility.switch_cases import SOME_MODEL
from workflows.docs.pages import load_folder
from workflows.testing import variants

from .comfyui import ComfyUI

SHIPPED = load_folder(Path(__file__).parents[2] / "workflows")
SMALL = {"width": 128, "height": 64, "steps": 2}


@pytest.mark.parametrize("version", SHIPPED.values(), ids=SHIPPED)
def test_it_runs_to_its_end_and_gives_what_its_spec_declares(
    preview_engine: ComfyUI, version: WorkflowVersion
) -> None:
    for label, inputs in variants(version):
        graph = preview_engine.rendered(version, chosen(preview_engine, version, inputs))
        if lacking := classes_of(graph) - preview_engine.classes:
            assert lacking <= classes_of_custom_nodes(version), label
            continue
        written = preview_engine.run(graph)
        for name, output in version.spec.outputs.items():
            heads = [preview_engine.head(file) for file in written[output.node]]
            assert heads, (label, name)
            assert all(accepts(output.kind, sniff(head)) for head in heads), (label, name)


def chosen(engine: ComfyUI, version: WorkflowVersion, inputs: Inputs) -> dict[str, Any]:
    """Small pictures, and models that are there."""
    small = {name: value for name, value in SMALL.items() if name in inputs}
    offered = {
        name: engine.client.get(f"/models/{version.spec.inputs[name].folder}").json()[0]
        for name, value in inputs.items()
        if value == SOME_MODEL
    }
    return {**inputs, **small, **offered}


def classes_of(graph: dict[str, Any]) -> set[str]:
    return {node["class_type"] for node in graph.values()}


def classes_of_custom_nodes(version: WorkflowVersion) -> set[str]:
    return {*version.spec.requires.classes}

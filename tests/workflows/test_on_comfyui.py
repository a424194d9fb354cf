"""A real ComfyUI takes every shipped workflow, with every optional part present and absent.

Its validation knows what no recording does. Models are empty files under the right names: a graph
is accepted with them, and without them nothing but the models is missing.
"""

from pathlib import Path
from typing import Any

import pytest

from workflows import WorkflowVersion, requirements
from workflows.docs.pages import load_folder
from workflows.testing import variants

from .comfyui import ComfyUI, Verdict

SHIPPED = load_folder(Path(__file__).parents[2] / "workflows")
pytestmark = [
    pytest.mark.comfyui,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("version", SHIPPED.values(), ids=SHIPPED),
]


def test_with_empty_model_files_it_is_accepted(comfyui: ComfyUI, version: WorkflowVersion) -> None:
    verdicts = dict[str, Verdict]()
    for label, graph in graphs(comfyui, version):
        with comfyui.placeholders(requirements(graph).models):
            verdicts[label] = comfyui.verdict(graph)

    assert {label: found for label, found in verdicts.items() if not found.is_accepted} == {}


def test_without_model_files_nothing_but_models_is_missing(
    comfyui: ComfyUI, version: WorkflowVersion
) -> None:
    verdicts = {label: comfyui.verdict(graph) for label, graph in graphs(comfyui, version)}

    assert {label: found for label, found in verdicts.items() if not found.misses_only_models} == {}


def graphs(comfyui: ComfyUI, version: WorkflowVersion) -> list[tuple[str, dict[str, Any]]]:
    """Each variant whose classes the server has; only those that the spec names may lack."""
    custom = version.spec.requires.classes
    rendered = [(label, comfyui.rendered(version, inputs)) for label, inputs in variants(version)]
    runnable = [
        (label, graph)
        for label, graph in rendered
        if not requirements(graph).classes & custom - comfyui.classes
    ]
    if not runnable:
        pytest.skip(f"the server lacks {', '.join(sorted(custom - comfyui.classes))}")
    return runnable

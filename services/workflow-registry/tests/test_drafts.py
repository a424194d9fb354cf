"""Drafts of specs for bare graphs, and whether an upload takes them as they are."""

import json
from typing import Any

import pytest

from contracts.registry.requests import ProposeSpec, UploadWorkflow
from workflow_registry.domain.descriptions import Description
from workflow_registry.handlers.workflows import propose_spec, upload_workflow

from .builders import a_graph, an_actor
from .fakes import FakeRegistry


async def test_a_spec_is_drafted_for_a_bare_graph() -> None:
    registry = FakeRegistry().service
    graph = json.loads(a_graph())
    view = await propose_spec(registry, ProposeSpec(actor=an_actor(), name="mine", graph=graph))
    assert {"width", "height"} <= view.spec["inputs"].keys()


async def test_an_upload_and_a_draft_name_the_required_input_that_the_graph_leaves_empty() -> None:
    fake = FakeRegistry()
    taken = {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING"]}}
    saver: dict[str, Any] = {"input": taken, "output": [], "output_node": True}
    fake.service.fleet.together = Description({"SaveImage": saver}, frozenset())
    graph = {"7": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}

    query = ProposeSpec(actor=an_actor(), name="mine", graph=graph)
    draft = await propose_spec(fake.service, query)
    command = UploadWorkflow(actor=an_actor(), spec=draft.spec, graph=graph)
    uploaded = await upload_workflow(fake.service, command)

    for view in (draft, uploaded):
        [warning] = view.warnings
        assert (warning.path, warning.code) == ("graph.7.inputs.images", "missing")
        assert warning.message == "SaveImage needs this input"


CLIPSPACE = "clipspace/clipspace-painted-masked-1730000000000.png [input]"
PAINTED: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": CLIPSPACE}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
EXPRESSION: dict[str, Any] = {
    "1": {"class_type": "Math", "inputs": {"expression": "a + b", "prompt": "a fox"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


@pytest.mark.parametrize("graph", [PAINTED, EXPRESSION], ids=["mask editor", "expression"])
async def test_a_draft_is_uploaded_as_it_is(graph: dict[str, Any]) -> None:
    fake, several = FakeRegistry(), {"multiline": True}
    math = {"expression": ["STRING", several], "prompt": ["STRING", several]}
    fake.service.fleet.together = Description(
        {
            "LoadImage": {"input": {"required": {"image": [[]]}}, "output": ["IMAGE"]},
            "Math": {"input": {"required": math}, "output": ["IMAGE"]},
            "SaveImage": {"input": {}, "output": [], "output_node": True},
        },
        frozenset(),
    )

    query = ProposeSpec(actor=an_actor(), name="mine", graph=graph)
    view = await propose_spec(fake.service, query)
    command = UploadWorkflow(actor=an_actor(), spec=view.spec, graph=view.graph)

    assert view.spec["inputs"]
    assert (await upload_workflow(fake.service, command)).is_new

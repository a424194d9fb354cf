"""Graphs that programs run without a workflow: they are checked, and kept as versions by hash."""

import json
from typing import Any

import pytest

from contracts.access import Permission
from contracts.errors import ForbiddenError, InvalidError, NotFoundError
from contracts.registry.graphs import StoreGraph, UseGraph
from contracts.registry.requests import ProposeSpec, UploadWorkflow
from workflow_registry.domain.descriptions import Description
from workflow_registry.handlers.graphs import prune_graphs, store_graph, use_graph
from workflow_registry.handlers.workflows import propose_spec, upload_workflow
from workflows import render
from workflows.spec.documents import read_mapping

from .builders import a_graph, a_spec, an_actor
from .fakes import FakeRegistry

PICTURE = {"media": "01926F3E-5C5A-7CC1-8B3E-0A4F2D9B7A10"}
OTHER = {"media": "01926f3e-5c5a-7cc1-8b3e-0a4f2d9b7a11"}
PROGRAM = an_actor(Permission.GRAPHS_RUN)


def a_command(graph: Any) -> StoreGraph:
    return StoreGraph(actor=PROGRAM, graph=graph)


def a_blend(one: Any, two: Any, **more: Any) -> dict[str, Any]:
    """A graph of two pictures; `more` are its other graph nodes."""
    blend = {"image1": ["10", 0], "image2": ["2", 0], "blend_factor": 0.5, "blend_mode": "normal"}
    return {
        "10": {"class_type": "LoadImage", "inputs": {"image": one}},
        "2": {"class_type": "LoadImage", "inputs": {"image": two}},
        "3": {"class_type": "ImageBlend", "inputs": blend},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
        **more,
    }


async def refused(graph: Any, fake: FakeRegistry | None = None) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        await store_graph((fake or FakeRegistry()).service, a_command(graph))
    return caught.value


async def test_a_graph_is_a_version_that_runs_it_as_it_is() -> None:
    fake, graph = FakeRegistry(), json.loads(a_graph())
    first = await store_graph(fake.service, a_command(graph))
    again = await store_graph(fake.service, a_command(dict(reversed(graph.items()))))

    assert (again.hash, first.inputs) == (first.hash, {})
    [version] = fake.graphs.kept.values()
    assert (version.name, version.spec.inputs) == ("graph", {})
    assert render(version.graph, version.spec, {}) == graph
    assert [output.node for output in version.spec.outputs.values()] == ["2"]
    assert not fake.workflows.workflows


async def test_the_media_of_a_graph_are_its_inputs() -> None:
    fake, graph = FakeRegistry(), a_blend(PICTURE, OTHER)
    view = await store_graph(fake.service, a_command(graph))
    swapped = await store_graph(fake.service, a_command(a_blend(OTHER, PICTURE)))
    turned = await store_graph(fake.service, a_command(dict(reversed(graph.items()))))

    lower = {"media": PICTURE["media"].lower()}
    assert view.inputs == {"file_1": lower, "file_2": OTHER}
    assert swapped.hash == turned.hash == view.hash
    version = fake.graphs.kept[view.hash]
    staged = {lower["media"]: "one.png", OTHER["media"]: "two.png"}
    rendered = render(version.graph, version.spec, view.inputs, staged)
    assert rendered == a_blend("one.png", "two.png")


async def test_files_of_a_server_are_not_read() -> None:
    fake = FakeRegistry()
    listed = [["theirs.png"], {"image_upload": True}]
    custom = {"input": {"required": {"picture": listed}}, "output": ["IMAGE"]}
    fake.service.fleet.together = Description({"CustomLoader": custom}, frozenset())
    loader = {"class_type": "CustomLoader", "inputs": {"picture": "theirs.png"}}

    error = await refused(a_blend("theirs.png", PICTURE, **{"5": loader}), fake)

    assert [(found.path, found.code) for found in error.errors] == [
        ("graph.10.inputs.image", "file_by_name"),
        ("graph.5.inputs.picture", "file_by_name"),
    ]


@pytest.mark.parametrize(
    ("graph", "code", "path"),
    [
        ({}, "invalid_workflow", "graph"),
        ({"1": {"class_type": "EmptyImage"}}, "invalid_workflow", "graph.1"),
        ({"1": {"class_type": "EmptyImage", "inputs": {}}}, "no_output", None),
        (a_blend({"media": "no id"}, PICTURE), "invalid_workflow", "graph.10.inputs.image"),
        (a_blend(["2", 0], PICTURE), "unsafe_workflow", "graph.10.inputs.image"),
        (
            a_blend(PICTURE, OTHER, **{"5": {"class_type": "PythonShell", "inputs": {}}}),
            "unsafe_workflow",
            "graph.5.class_type",
        ),
        (
            a_blend(PICTURE, OTHER, **{"5": {"class_type": "A", "inputs": {"path": "/etc/x"}}}),
            "unsafe_workflow",
            "graph.5.inputs.path",
        ),
        (json.loads(a_graph(padding=600_000)), "too_big", None),
    ],
)
async def test_a_graph_is_checked_as_an_upload_is(graph: Any, code: str, path: str | None) -> None:
    error = await refused(graph)

    assert error.code == code
    assert [found.path for found in error.errors][:1] == ([path] if path else [])


async def test_a_raw_graph_needs_the_permission() -> None:
    fake, author = FakeRegistry(), an_actor()
    view = await store_graph(fake.service, a_command(json.loads(a_graph())))
    await use_graph(fake.service, UseGraph(actor=PROGRAM, hash=view.hash))

    assert fake.graphs.used == [view.hash]
    assert fake.graphs.owners == [PROGRAM.user_id] * 2
    with pytest.raises(ForbiddenError, match="graphs:run"):
        await store_graph(fake.service, StoreGraph(actor=author, graph=json.loads(a_graph())))
    with pytest.raises(ForbiddenError, match="graphs:run"):
        await use_graph(fake.service, UseGraph(actor=author, hash=view.hash))
    with pytest.raises(NotFoundError):
        await use_graph(fake.service, UseGraph(actor=PROGRAM, hash="0" * 64))


async def test_graphs_that_jobs_need_are_not_pruned() -> None:
    fake = FakeRegistry()
    await prune_graphs(fake.service)
    assert fake.graphs.needed == {"needed"}


async def test_no_workflow_has_the_name_of_raw_graphs() -> None:
    fake, graph = FakeRegistry(), json.loads(a_graph())
    spec = read_mapping(a_spec("graph"), "spec")
    with pytest.raises(InvalidError, match="name"):
        await upload_workflow(
            fake.service, UploadWorkflow(actor=an_actor(), spec=spec, graph=graph)
        )
    with pytest.raises(InvalidError, match="name"):
        await propose_spec(fake.service, ProposeSpec(actor=an_actor(), name="graph", graph=graph))

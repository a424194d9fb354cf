from pathlib import Path

import pytest

from workflows import load_version
from workflows.folder import load_folder
from workflows.safety import risks

LOADS = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


def codes(
    inputs: dict[str, object], *, image: str = "a.png", class_: str = "LoadImage"
) -> list[str]:
    graph = {**LOADS, "1": {"class_type": class_, "inputs": {"image": image}}}
    outputs = {"images": {"node": "2", "kind": "image"}}
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": inputs, "outputs": outputs}
    version = load_version(spec, graph)
    return [error.code for error in risks(version.graph, version.spec)]


def bound(type_: str) -> dict[str, object]:
    return {"picture": {"type": type_, "bind": [{"node": "1", "input": "image"}]}}


def test_a_file_that_is_uploaded_is_safe() -> None:
    assert codes(bound("image")) == []


@pytest.mark.parametrize("type_", ["string", "text", "list<string>"])
def test_a_caller_cannot_name_a_file_on_the_host(type_: str) -> None:
    assert codes(bound(type_)) == ["file_by_name"]


@pytest.mark.parametrize("image", ["/etc/passwd", "../up.png", "c:\\x.png", "a.png [output]"])
def test_a_graph_cannot_name_a_file_outside_its_folder(image: str) -> None:
    assert codes({}, image=image) == ["unsafe_path"]


def test_a_class_that_reads_anywhere_is_forbidden() -> None:
    assert codes({}, class_="VHS_LoadImagePath") == ["forbidden_class"]


def test_every_shipped_workflow_is_safe() -> None:
    shipped = load_folder(Path(__file__).parents[3] / "workflows")

    assert [
        error for version in shipped.values() for error in risks(version.graph, version.spec)
    ] == []


def test_the_operator_decides_what_is_forbidden() -> None:
    version = load_version(
        {"spec": "comfyfleet/v1", "name": "a", "outputs": {"i": {"node": "2", "kind": "image"}}},
        LOADS,
    )

    assert [e.path for e in risks(version.graph, version.spec, ["Save*"])] == ["graph.2.class_type"]

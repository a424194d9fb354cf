from pathlib import Path

import pytest

from workflows import load_version
from workflows.compatibility.safety import is_named, risks
from workflows.docs.pages import load_folder

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


def codes_at(name: str, item: dict[str, object], class_: str = "Odd") -> list[str]:
    graph = {**LOADS, "1": {"class_type": class_, "inputs": {name: "x"}}}
    bind = [{"node": "1", "input": name, "transform": item.pop("transform", None)}]
    outputs = {"images": {"node": "2", "kind": "image"}}
    inputs = {"it": {**item, "bind": bind}}
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": inputs, "outputs": outputs}
    version = load_version(spec, graph)
    return [error.code for error in risks(version.graph, version.spec)]


CLOSED: list[dict[str, object]] = [
    {"type": "choice", "choices": ["fast"]},
    {"type": "boolean"},
    {"type": "integer"},
]
FREE: list[dict[str, object]] = [
    {"type": "text"},
    {"type": "list<string>"},
    {"type": "string", "transform": {"map": {"fast": "4"}}},
]


@pytest.mark.parametrize(
    "name",
    [
        *("url", "image_url", "imageURLs", "videourl", "paths", "image_paths", "filePath"),
        *("input_dir", "directories", "cmd", "commands", "python_code", "script", "expression"),
        *("regex_pattern", "file_names"),
    ],
)
def test_no_words_of_a_caller_reach_beyond_the_workflow(name: str) -> None:
    assert [codes_at(name, dict(item)) for item in CLOSED] == [[], [], []]
    for item in FREE:
        [code] = codes_at(name, dict(item))
        assert code in ("free_text", "file_by_name")


@pytest.mark.parametrize("name", ["prompt", "profile", "encoding", "barcode", "text", "tags"])
def test_other_words_are_free(name: str) -> None:
    assert codes_at(name, {"type": "text"}) == []


def test_the_prefix_of_results_is_free_since_each_attempt_gets_its_own() -> None:
    assert codes_at("filename_prefix", {"type": "string"}, class_="SaveImage") == []


def test_the_name_of_a_model_is_no_command() -> None:
    assert codes_at("cmd", {"type": "model", "folder": "loras"}) == ["free_text"]
    assert codes_at("font_path", {"type": "model", "folder": "fonts"}) == []


@pytest.mark.parametrize(
    "item",
    [
        {"type": "choice", "choices": ["../../up.png"]},
        {"type": "boolean", "transform": {"map": {"true": "/etc/passwd", "false": "a"}}},
        {"type": "integer", "transform": {"template": "/proc/{}"}},
        {"type": "choice", "choices": ["a"], "when_absent": {"set": "../../etc/passwd"}},
    ],
)
def test_no_value_of_an_author_leaves_its_folder(item: dict[str, object]) -> None:
    assert codes_at("image_paths", item) == ["unsafe_path"]


@pytest.mark.parametrize(
    "class_",
    [
        *("RunShell", "EvalPython", "PythonExec", "LoadImageFromUrl", "load_image_from_URL"),
        *("LoadImagesFromPath", "ExecuteScript", "RunCommand"),
    ],
)
def test_a_class_that_runs_code_or_reads_anywhere_is_forbidden_by_its_name(class_: str) -> None:
    assert "forbidden_class" in codes({}, class_=class_)


@pytest.mark.parametrize("class_", ["ImageFromBatch", "DownloadAndLoadSAM2Model", "CLIPTextEncode"])
def test_a_class_that_only_sounds_like_it_is_not(class_: str) -> None:
    assert codes({}, class_=class_) == []


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


@pytest.mark.parametrize(
    ("pattern", "class_", "is_forbidden"),
    [
        ("Seashell", "Seashell", True),
        ("Sea*", "Seashell", True),
        ("*Python*", "执行Python", True),
        ("执行*", "执行Python", True),
        ("执行*", "SaveImage", False),
    ],
)
def test_an_operator_may_forbid_any_name(pattern: str, class_: str, *, is_forbidden: bool) -> None:
    assert is_named(class_, pattern) is is_forbidden

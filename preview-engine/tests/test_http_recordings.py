"""The engine's answers beside those of ComfyUI 0.8.0 to the same requests."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

RECORDINGS = Path(__file__).parents[2] / "tests" / "recordings" / "comfyui"
NAMES = [entry["name"] for entry in json.loads((RECORDINGS / "http.json").read_text("utf-8"))]
SUBMISSIONS = [name for name in NAMES if name.startswith(("prompt_err_", "prompt_ok_"))]
OTHERS = [
    "free",
    "free_empty_object",
    "free_no_body",
    "get_embeddings",
    "get_features",
    "get_foreign_origin_403",
    "get_history_unknown_id",
    "get_models",
    "get_models_checkpoints_tiny",
    "get_models_unknown",
    "get_object_info_CheckpointLoaderSimple_tiny",
    "get_object_info_KSampler",
    "get_object_info_unknown",
    "history_delete_unknown",
    "history_max_items_bad",
    "interrupt_bad_json",
    "interrupt_json_list",
    "interrupt_no_body",
    "queue_no_body",
]


def send(http: httpx.Client, recorded: dict[str, Any]) -> httpx.Response:
    request = recorded["request"]
    body = request.get("body")
    return http.request(
        request["method"],
        request["path"],
        headers=request.get("headers"),
        json=request.get("json"),
        content=body.encode() if isinstance(body, str) else None,
    )


def comparable(value: Any) -> Any:
    """Without what differs from run to run: ids, numbers, paths, order of independent faults."""
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value)
        kept = {key: comparable(entry) for key, entry in value.items()}
        for key in ("traceback", "tooltip", "output_tooltips", "prompt_id", "number"):
            kept.pop(key, None)
        return kept | {"description": ""} if "description" in kept else kept
    if isinstance(value, list):
        entries = [comparable(entry) for entry in cast("list[Any]", value)]
        is_faults = all(isinstance(entry, dict) and "extra_info" in entry for entry in entries)
        return sorted(entries, key=str) if is_faults else entries
    return value


def same_config(answer: Any) -> Any:
    """An input without options is shown as `[type]` or `[type, {}]`, whichever notation it has."""
    return json.loads(json.dumps(answer).replace(", {}]", "]"))


def assert_same(answer: httpx.Response, recorded: dict[str, Any]) -> None:
    assert answer.status_code == recorded["status"], answer.text
    body = recorded["body"]
    if body["kind"] == "json":
        assert same_config(comparable(answer.json())) == same_config(comparable(body["json"]))
        assert answer.headers["content-type"] == recorded["headers"]["Content-Type"]
    elif body["kind"] == "text":
        assert answer.text == body["text"]


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_submissions_are_judged_as_recorded(
    http: httpx.Client, recorded_http: dict[str, dict[str, Any]], name: str
) -> None:
    assert_same(send(http, recorded_http[name]), recorded_http[name])


@pytest.mark.parametrize("name", OTHERS)
def test_other_requests_are_answered_as_recorded(
    http: httpx.Client, recorded_http: dict[str, dict[str, Any]], name: str
) -> None:
    assert_same(send(http, recorded_http[name]), recorded_http[name])


def test_every_class_is_declared_as_recorded(http: httpx.Client, recordings: Path) -> None:
    recorded = json.loads((recordings / "object_info.json").read_text("utf-8"))
    declared = http.get("/object_info").json()
    model_choices = ("name", "ckpt_name", "unet_name", "clip_name", "lora_name", "image")
    for name, expected in recorded.items():
        for group, inputs in expected["input"].items():
            if group == "hidden":
                continue
            for key, config in inputs.items():
                if key.startswith(model_choices) or key.endswith("_name"):
                    continue
                assert same_config(declared[name]["input"][group][key]) == same_config(config)
        for key in ("output", "output_node", "output_name", "input_order", "category"):
            assert declared[name][key] == expected[key]
    assert declared.keys() - recorded.keys() == {
        "SlowSteps",
        "SlowBlocking",
        "AlwaysRaises",
        "MiscOutputs",
    }


def test_it_names_itself(http: httpx.Client) -> None:
    stats = http.get("/api/system_stats").json()
    assert stats["system"]["comfyui_version"].startswith("preview-engine ")
    assert stats["devices"][0]["name"] == "ComfyFleet preview engine (no GPU)"
    assert "preview engine" in http.get("/").text


def test_a_body_beyond_the_limit_is_refused_even_if_its_size_is_not_announced(
    start_engine: Callable[..., str],
) -> None:
    chunk = b" " * 2**18
    with httpx.Client(base_url=start_engine("--max-upload-mb", "1")) as http:
        announced = http.post("/prompt", content=chunk * 5)
        unannounced = http.post("/prompt", content=iter([chunk] * 5))
    for answer in (announced, unannounced):
        assert answer.status_code == 413
        assert answer.text == "Maximum request body size 1048576 exceeded."


def test_a_link_that_dangles_from_an_undeclared_input_kills_nobody(
    http: httpx.Client, run_prompt: Any
) -> None:
    graph = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 1, "no": ["99", 0]},
        },
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    assert run_prompt(http, graph)["status"]["status_str"] == "success"


def test_history_pages_count_from_the_oldest_or_take_the_newest(
    http: httpx.Client, run_prompt: Any
) -> None:
    http.post("/history", json={"clear": True})
    for color in range(3):
        inputs = {"width": 8, "height": 8, "batch_size": 1, "color": 7000 + color}
        graph = {
            "1": {"class_type": "EmptyImage", "inputs": inputs},
            "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
        }
        run_prompt(http, graph, prompt_id=f"page/{color} ü")
    assert list(http.get("/history?max_items=2").json()) == ["page/1 ü", "page/2 ü"]
    assert list(http.get("/history?max_items=2&offset=0").json()) == ["page/0 ü", "page/1 ü"]
    assert list(http.get("/history/page%2F0%20%C3%BC").json()) == ["page/0 ü"]
    http.post("/history", json={"delete": ["page/0 ü"]})
    assert list(http.get("/history").json()) == ["page/1 ü", "page/2 ü"]


def test_the_history_has_files_of_a_cached_prompt_only_if_a_client_posted_it(
    http: httpx.Client, run_prompt: Any
) -> None:
    """execution.py of ComfyUI 0.8.0 fills in cached outputs where it sends `executed`."""
    inputs = {"width": 8, "height": 8, "batch_size": 1, "color": 7100}
    graph = {
        "1": {"class_type": "EmptyImage", "inputs": inputs},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    first = run_prompt(http, graph)["outputs"]
    assert first.keys() == {"2"}
    assert run_prompt(http, graph)["outputs"] == {}
    assert run_prompt(http, graph, client_id="nobody")["outputs"] == first

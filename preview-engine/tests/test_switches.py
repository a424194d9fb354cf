"""Switches make failures happen, for tests."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

StartEngine = Callable[..., str]
RunPrompt = Callable[..., dict[str, Any]]


def a_graph(color: int = 1, **steps: Any) -> dict[str, Any]:
    slow = {"steps": 3, "seconds_per_step": 0.0, "preview": False, "seed": 0} | steps
    empty = {"width": 8, "height": 8, "batch_size": 1, "color": color}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "SlowSteps", "inputs": {"image": ["1", 0], **slow}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }


def set_switches(http: httpx.Client, **values: Any) -> httpx.Response:
    return http.post("/preview-engine/switches", json=values)


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        os.sched_yield()


@pytest.fixture
def engine(start_engine: StartEngine) -> Any:
    with httpx.Client(base_url=start_engine(), timeout=30) as http:
        yield http


def test_a_class_fails_as_it_is_told_to(engine: httpx.Client, run_prompt: RunPrompt) -> None:
    run_prompt(engine, a_graph())
    set_switches(
        engine,
        fail_class="SlowSteps",
        fail_type="torch.OutOfMemoryError",
        fail_message="Allocation on device",
    )
    kind, data = run_prompt(engine, a_graph())["status"]["messages"][-1]
    assert kind == "execution_error"
    assert data["exception_type"] == "torch.OutOfMemoryError"
    assert data["exception_message"] == "Allocation on device\n"
    assert data["node_type"] == "SlowSteps"


def test_a_crash_takes_everything_with_it(engine: httpx.Client) -> None:
    set_switches(engine, crash_after_steps=2)
    with suppress(httpx.TransportError):  # it may be gone before it has answered
        engine.post("/prompt", json={"prompt": a_graph()})

    def is_gone() -> bool:
        try:
            return engine.get("/queue").is_error
        except httpx.TransportError:
            return True

    wait_until(is_gone)


def test_a_silent_engine_accepts_shows_one_as_running_and_runs_nothing(
    engine: httpx.Client,
) -> None:
    set_switches(engine, silent=True)
    for color in range(3):
        assert engine.post("/prompt", json={"prompt": a_graph(color)}).status_code == 200

    def counts() -> tuple[int, int]:
        queue = engine.get("/queue").json()
        return len(queue["queue_running"]), len(queue["queue_pending"])

    wait_until(lambda: counts() == (1, 2))
    assert engine.get("/system_stats").status_code == 200
    set_switches(engine, silent=False)
    wait_until(lambda: len(engine.get("/history").json()) == 3)


def test_the_lowest_number_runs_first_and_ties_go_by_prompt_id(engine: httpx.Client) -> None:
    set_switches(engine, silent=True)
    engine.post("/prompt", json={"prompt": a_graph(), "prompt_id": "running"})
    wait_until(lambda: len(engine.get("/queue").json()["queue_running"]) == 1)
    bodies: list[dict[str, Any]] = [
        {"prompt_id": "plain"},
        {"prompt_id": "n5", "number": 5},
        {"prompt_id": "front", "front": True},
        {"prompt_id": "n-9", "number": -1e9},
        {"prompt_id": "tie-b", "number": 7},
        {"prompt_id": "tie-a", "number": 7},
        {"prompt_id": "tie-a", "number": 7},
    ]
    for color, body in enumerate(bodies):
        engine.post("/prompt", json={"prompt": a_graph(color), **body})
    set_switches(engine, silent=False)
    wait_until(lambda: engine.get("/prompt").json()["exec_info"]["queue_remaining"] == 0)
    expected = ["running", "n-9", "front", "plain", "n5", "tie-a", "tie-b"]
    assert list(engine.get("/history").json()) == expected


def test_models_can_come_and_go(engine: httpx.Client) -> None:
    set_switches(engine, models={"checkpoints": ["only.safetensors"]})
    assert engine.get("/models/checkpoints").json() == ["only.safetensors"]
    declared = engine.get("/object_info/CheckpointLoaderSimple").json()["CheckpointLoaderSimple"]
    assert declared["input"]["required"]["ckpt_name"][0] == ["only.safetensors"]


def test_uploads_and_prompts_can_be_refused(engine: httpx.Client) -> None:
    set_switches(engine, refuse_uploads=True, refuse_prompts=True)
    files = {"image": ("x.png", b"x")}
    assert engine.post("/upload/image", files=files).status_code == 500
    assert engine.post("/prompt", json={"prompt": a_graph()}).status_code == 500


@pytest.mark.parametrize("values", [{"nonsense": 1}, {"silent": "yes"}, {"step_seconds": -1}])
def test_a_switch_that_does_not_exist_or_fit_changes_nothing(
    http: httpx.Client, values: dict[str, Any]
) -> None:
    before = http.get("/preview-engine/switches").json()
    assert set_switches(http, fail_class="EmptyImage", **values).status_code == 400
    assert http.get("/preview-engine/switches").json() == before


def test_test_classes_are_offered_only_on_request(start_engine: StartEngine) -> None:
    environment_url = start_engine()
    assert "SlowSteps" in httpx.get(f"{environment_url}/object_info").json()

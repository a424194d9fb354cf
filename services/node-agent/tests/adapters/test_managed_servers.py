"""The commands and environments of servers, and what the next agent knows about them."""

import os
from pathlib import Path
from typing import Any

import pytest

from node_agent.adapters.managed_servers import (
    Place,
    RunningServer,
    node_of,
    places_of,
    running_server,
    spec_of,
)
from node_agent.domain.managed_settings import ManagedSettings
from runtime.supervision import pid_file

PLACE = Place("box-1", 8189, "1")


def settings(**more: Any) -> ManagedSettings:
    return ManagedSettings.model_validate({"comfyui_command": "python main.py --fast"} | more)


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ("", [Place("box", 8188, None)]),
        ("0", [Place("box-0", 8188, "0")]),
        (" 0, GPU-5f2c ,", [Place("box-0", 8188, "0"), Place("box-GPU-5f2c", 8189, "GPU-5f2c")]),
    ],
)
def test_each_device_is_a_place_with_a_port(devices: str, expected: list[Place]) -> None:
    assert places_of(settings(comfyui_devices=devices), "box") == expected
    assert places_of(settings(comfyui_devices=devices, comfyui_command=""), "box") == []


@pytest.mark.parametrize(
    ("command", "count", "expected"),
    [
        ("python main.py", 1, "python main.py --listen 127.0.0.1 --port 8189"),
        ("run '{port}' {device}", 2, "run 8189 1"),
        (
            "python 'a b.py'",
            2,
            "python a b.py --listen 127.0.0.1 --port 8189 --temp-directory /run/comfyui-8189 "
            "--database-url sqlite:////run/comfyui-8189.db",
        ),
    ],
)
def test_a_command_gets_what_neighbors_must_not_share(
    command: str, count: int, expected: str
) -> None:
    spec = spec_of(settings(comfyui_command=command), PLACE, Path("/run"), count)

    assert " ".join(spec.command) == expected


def test_a_server_sees_its_device_and_no_secret_of_the_fleet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMFYFLEET_NATS_PASSWORD", "secret")
    monkeypatch.setenv("HF_HOME", "/models")
    given = settings(comfyui_environment={"A": "{device}:{port}"}, comfyui_directory=Path("/opt/c"))
    spec = spec_of(given, PLACE, Path("/run"), 2)
    own = {key: spec.environment.get(key) for key in ("A", "HF_HOME", "CUDA_VISIBLE_DEVICES")}

    assert own == {"A": "1:8189", "HF_HOME": "/models", "CUDA_VISIBLE_DEVICES": "1"}
    assert spec.environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert not [key for key in spec.environment if key.startswith("COMFYFLEET_")]
    assert spec.directory == Path("/opt/c")


def test_the_environment_of_an_operator_goes_before_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    hip = settings(comfyui_environment={"CUDA_VISIBLE_DEVICES": "GPU-{device}"})
    alone = spec_of(settings(), Place("box", 8188, None), Path("/run"), 1)

    assert spec_of(hip, PLACE, Path("/run"), 2).environment["CUDA_VISIBLE_DEVICES"] == "GPU-1"
    assert alone.environment["CUDA_VISIBLE_DEVICES"] == "7", "it sees all that the agent sees"


def test_settings_that_change_a_server_change_its_fingerprint() -> None:
    given = [
        settings(),
        settings(comfyui_command="python main.py"),
        settings(comfyui_environment={"A": "b"}),
        settings(comfyui_directory=Path("/opt/c")),
    ]

    assert len({spec_of(one, PLACE, Path("/run"), 2).fingerprint for one in given}) == len(given)


def adopted(folder: Path) -> RunningServer:
    """Return the server as the next agent has it, once it found the process."""
    given = settings(run_dir=folder, recycle_after_attempts=2)
    one = running_server(
        given, spec_of(given, PLACE, folder, 1), PLACE, node_of(PLACE, "box", "default")
    )
    one.child.was_adopted = True
    one.child.state.phase = "starting"
    one.changed()
    one.child.state.phase = "ready"
    one.changed()
    return one


async def test_the_next_agent_goes_on_counting_the_attempts_of_a_process(tmp_path: Path) -> None:
    pid_path = tmp_path / "comfyui-8189.pid"
    pid_file.write(pid_path, os.getpid(), "x")
    first = adopted(tmp_path).server
    assert (first.attempts, first.settled_mb) == (0, None)
    first.took_attempt()
    first.took_attempt()
    first.measured(9_000)
    second = adopted(tmp_path).server
    pid_file.write(pid_path, os.getppid(), "x")
    third = adopted(tmp_path).server

    assert (second.attempts, second.settled_mb) == (2, 9_000)
    assert second.why_recycle() == "it has run 2 attempts"
    assert (third.attempts, third.settled_mb) == (0, None), "that is another process"

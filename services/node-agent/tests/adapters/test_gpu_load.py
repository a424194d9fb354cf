"""The load of GPUs, from a program that stands for `nvidia-smi`; no test machine has the driver."""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from contracts.scheduler.nodes import NodeSettings
from contracts.values import new_id
from node_agent.adapters import gpu_load
from node_agent.adapters.gpu_load import GpuLoads, load_of, loads_in
from node_agent.adapters.managed_servers import RunningServer, watch_vitals
from node_agent.adapters.server_record import ServerRecord
from node_agent.domain.managed import ManagedServer
from runtime.supervision.child import ChildSpec
from runtime.supervision.probe import answers_ok
from runtime.supervision.restarting_child import RestartingChild
from runtime.testing.ports import eventually

SAID = """0, GPU-5f2c7a01-aaaa, 87
1, GPU-5f2c7a02-bbbb, 0
2, GPU-77777777-cccc, [N/A]
"""


def a_program(folder: Path, script: str) -> str:
    """Return a PATH on which `nvidia-smi` is this script."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


async def asked() -> Mapping[str, float]:
    loads = GpuLoads({"0": 0.5})
    await loads.ask()
    return loads.now


async def test_each_gpu_is_known_by_number_and_uuid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'[ "$1" = --query-gpu=index,uuid,utilization.gpu ] && cat <<E\n{SAID}E'
    monkeypatch.setenv("PATH", a_program(tmp_path, script))

    assert await asked() == {
        "0": 0.87,
        "GPU-5f2c7a01-aaaa": 0.87,
        "1": 0.0,
        "GPU-5f2c7a02-bbbb": 0.0,
    }


@pytest.mark.parametrize(
    "script", ["exit 9", "exec sleep 600", "printf '\\377,,,\\n1, 2\\n0, a, x'"]
)
async def test_a_driver_in_trouble_tells_nothing(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_load, "MOST_SECONDS", 0.5)
    monkeypatch.setenv("PATH", a_program(tmp_path, script))

    assert await asked() == {}


async def test_without_the_driver_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert await asked() == {}


async def test_a_driver_that_hangs_holds_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_load, "MOST_SECONDS", 3_600.0)
    asked, released = tmp_path / "asked", tmp_path / "released"
    script = f"touch {asked}; until [ -e {released} ]; do sleep 0.05; done; echo '{SAID}'"
    monkeypatch.setenv("PATH", a_program(tmp_path, script))
    node = NodeSettings(name="box", base_url="http://127.0.0.1:8188", machine="box")
    server = ManagedServer(new_id(), node, log=lambda _: [])
    one = RunningServer(server, None, ServerRecord(tmp_path, "it"))
    spec = ChildSpec("it", (), is_ready=partial(answers_ok, 8188, "/queue"))
    folders = {"run_folder": tmp_path, "logs": tmp_path}
    one.child = RestartingChild(spec, **folders, changed=one.changed)
    one.child.state.pid = os.getpid()
    gpus = GpuLoads()
    tasks = [asyncio.create_task(gpus.watch())]
    await eventually(asked.exists)
    tasks.append(asyncio.create_task(watch_vitals([one], gpus)))
    await eventually(lambda: bool(one.server.memory_mb))
    assert not gpus.now
    released.touch()
    await eventually(lambda: bool(gpus.now))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("device", "load"),
    [
        (None, 0.87),
        ("0", 0.87),
        ("1", 0.0),
        ("2", None),
        ("GPU-5f2c7a02", 0.0),
        ("GPU-5f2c7a0", None),  # two begin so
        ("GPU-", None),
        ("", None),
        ("MIG-1", None),
    ],
)
def test_a_device_is_named_as_cuda_names_it(device: str | None, load: float | None) -> None:
    assert load_of(device, loads_in(SAID)) == load

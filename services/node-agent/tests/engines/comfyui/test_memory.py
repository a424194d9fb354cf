"""The server's memory is freed where a swap of models needs room, and after it ran out."""

from typing import Any

import pytest

from contracts.agent import Cause
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.domain.endings import AttemptEndedError
from node_agent.engines.comfyui.engine import ComfyUI, open_comfyui
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.relay import TcpRelay, relay
from workflows import WorkflowVersion

from ...conftest import StartEngine  # noqa: TID252  shared by these tests alone
from ...graphs import a_version, an_image, quick, saved, slow_steps  # noqa: TID252
from ...test_failures import switch  # noqa: TID252
from ..attempts import of  # noqa: TID252  shared by these tests alone

PLENTY = 10**9


def with_model(name: str) -> WorkflowVersion:
    upscale: dict[str, Any] = {"upscale_model": ["2", 0], "image": ["1", 0]}
    graph: dict[str, Any] = {
        "1": an_image(),
        "2": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": name}},
        "4": {"class_type": "ImageUpscaleWithModel", "inputs": upscale},
        "3": saved("4"),
    }
    return a_version(graph, "3")


@pytest.fixture(scope="module")
def url(start_engine: StartEngine) -> str:
    return start_engine("--models", '{"upscale_models": ["a.pth", "b.pth"]}')


def frees(proxy: TcpRelay) -> int:
    return sum(line.startswith(b"POST /free") for line in proxy.seen)


def a_node(proxy: TcpRelay) -> ClaimedNode:
    return ClaimedNode(node_id=new_id(), name="n", base_url=f"http://127.0.0.1:{proxy.port}")


async def test_memory_is_freed_before_other_models_and_for_nothing_else(url: str) -> None:
    counts: list[int] = []
    async with (
        relay(url) as proxy,
        open_comfyui(a_node(proxy), ComfyUISettings(free_below_mb=PLENTY)) as engine,
    ):
        for version in (with_model("a.pth"), with_model("a.pth"), quick(), with_model("a.pth")):
            await of(version).run(engine)
            counts.append(frees(proxy))
        await of(with_model("b.pth")).run(engine)
        counts.append(frees(proxy))

    assert counts == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("free_below_mb", [0, 1])
async def test_a_server_with_room_keeps_its_models(url: str, free_below_mb: int) -> None:
    async with (
        relay(url) as proxy,
        open_comfyui(a_node(proxy), ComfyUISettings(free_below_mb=free_below_mb)) as engine,
    ):
        for name in "ab":
            await of(with_model(f"{name}.pth")).run(engine)

    assert frees(proxy) == 0


async def test_the_models_of_somebody_elses_prompt_stay(url: str) -> None:
    async with (
        relay(url) as proxy,
        open_comfyui(a_node(proxy), ComfyUISettings(free_below_mb=PLENTY)) as engine,
    ):
        await post_foreign(engine)
        await of(with_model("a.pth")).run(engine)

    assert frees(proxy) == 0


async def post_foreign(engine: ComfyUI) -> None:
    graph = slow_steps(steps=5).graph
    await engine.http.submit({"prompt": graph, "prompt_id": str(new_id()), "client_id": "person"})


async def test_memory_is_freed_after_it_ran_out(start_engine: StartEngine) -> None:
    url = start_engine()
    await switch(url, fail_class="SaveImage", fail_type="torch.OutOfMemoryError")
    async with (
        relay(url) as proxy,
        open_comfyui(a_node(proxy), ComfyUISettings()) as engine,
    ):
        with pytest.raises(AttemptEndedError) as ended:
            await of(quick()).run(engine)

    assert ended.value.end.cause is Cause.OUT_OF_MEMORY
    assert frees(proxy) == 1

"""ComfyUI keeps the engine contract: the preview engine always, a real server if there is one."""

from functools import partial

import pytest

from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.ports import free_port
from workflows import WorkflowVersion

from ...graphs import quick, raising, slow_steps  # noqa: TID252
from ..claim_contract import ClaimContract  # noqa: TID252  shared by these tests alone


class ComfyWorkflows:
    """Needs the test classes `SlowSteps` and `AlwaysRaises` beside EmptyImage and SaveImage."""

    def quick(self) -> WorkflowVersion:
        return quick()

    def slow(self, steps: int) -> WorkflowVersion:
        return slow_steps(steps)

    def failing(self, message: str) -> WorkflowVersion:
        return raising(message)


class TestComfyUI(ClaimContract):
    name = "comfyui"
    workflows = ComfyWorkflows()
    is_described = True
    open_engine = staticmethod(partial(open_comfyui, defaults=ComfyUISettings()))

    @pytest.fixture
    def url(self, comfy_url: str) -> str:
        return comfy_url

    @pytest.fixture
    def nowhere(self) -> str:
        return f"http://127.0.0.1:{free_port()}"

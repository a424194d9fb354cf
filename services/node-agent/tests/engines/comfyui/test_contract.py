"""ComfyUI keeps the engine contract: the preview engine always, a real server if there is one."""

import pytest

from node_agent.engines.comfyui.engine import open_comfyui
from runtime.testing.ports import free_port

from ..claim_contract import ClaimContract  # noqa: TID252  shared by these tests alone
from ..contract import EngineContract  # noqa: TID252


class TestComfyUI(EngineContract, ClaimContract):
    name = "comfyui"
    open_engine = staticmethod(open_comfyui)

    @pytest.fixture
    def url(self, comfy_url: str) -> str:
        return comfy_url

    @pytest.fixture
    def nowhere(self) -> str:
        return f"http://127.0.0.1:{free_port()}"

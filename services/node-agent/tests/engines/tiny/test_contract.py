"""The tiny engine keeps the contract too, so the agent needs nothing of ComfyUI."""

from collections.abc import Generator

import pytest

from contracts.values import new_id
from workflows import WorkflowVersion

from ...graphs import a_version  # noqa: TID252
from ..claim_contract import ClaimContract  # noqa: TID252  shared by these tests alone
from .engine import SERVERS, TinyServer, open_tiny


class TinyWorkflows:
    def quick(self) -> WorkflowVersion:
        return a_picture(steps=0)

    def slow(self, steps: int) -> WorkflowVersion:
        return a_picture(steps=steps)

    def failing(self, message: str) -> WorkflowVersion:
        return a_picture(steps=0, error=message)


def a_picture(steps: int, error: str = "") -> WorkflowVersion:
    inputs = {"width": 64, "height": 48, "steps": steps, "error": error}
    return a_version({"1": {"class_type": "TinyPicture", "inputs": inputs}}, "1")


class TestTiny(ClaimContract):
    name = "tiny"
    workflows = TinyWorkflows()
    is_described = False
    open_engine = staticmethod(open_tiny)

    @pytest.fixture
    def url(self) -> Generator[str, None, None]:
        url = f"tiny://{new_id()}"
        SERVERS[url] = TinyServer()
        yield url
        del SERVERS[url]

    @pytest.fixture
    def nowhere(self) -> str:
        return "tiny://nowhere"

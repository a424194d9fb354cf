"""The tiny engine keeps the contract too, so the agent needs nothing of ComfyUI."""

from collections.abc import Generator

import pytest

from contracts.values import new_id

from ..claim_contract import ClaimContract  # noqa: TID252  shared by these tests alone
from ..contract import EngineContract  # noqa: TID252
from .engine import SERVERS, TinyServer, open_tiny


class TestTiny(EngineContract, ClaimContract):
    name = "tiny"
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

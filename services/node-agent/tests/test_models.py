"""An agent fetches model files, and its nodes offer them at once."""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from contracts.access import Actor
from contracts.errors import ConflictError
from contracts.model_files import (
    FetchModel,
    FindModels,
    ModelOrigin,
    NodeModelsView,
    TransferPhase,
    TransferView,
)
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.adapters.model_folder import hash_of
from runtime.testing.file_server import FileServer, a_file_server
from runtime.testing.ports import eventually

from .conftest import StartEngine
from .fleet import Fleet

CONTENT = os.urandom(200_000)
HASH = sha256(CONTENT).hexdigest()
ACTOR = Actor(user_id=new_id())
FILE = "new/film.safetensors"


@pytest.fixture
def files() -> Generator[FileServer, None, None]:
    with a_file_server() as running:
        running.files["/film"] = CONTENT
        yield running


@pytest.fixture
async def node(
    fleet: Fleet, start_engine: StartEngine, tmp_path: Path
) -> AsyncGenerator[ClaimedNode, None]:
    """A node of an agent that fetches models into the folder of its engine."""
    entry = await fleet.add_node(start_engine(home=tmp_path))
    settings: dict[str, Any] = {
        "models_dir": tmp_path / "models",
        "models_from_private_hosts": True,
        "max_models_bytes": 1_000_000,
    }
    async with fleet.agent(**settings):
        await eventually(lambda: bool(fleet.capabilities), 15)
        yield entry


async def fetch(
    fleet: Fleet, node: ClaimedNode, url: str, hash_: str = HASH, name: str = FILE
) -> TransferView:
    origin = ModelOrigin(url=url, sha256=hash_)
    ids: dict[str, Any] = {"actor": ACTOR, "node_id": node.node_id}
    return await fleet.gateway.call(FetchModel(folder="loras", name=name, origin=origin, **ids))


async def folder_of(fleet: Fleet, node: ClaimedNode) -> NodeModelsView:
    return await fleet.gateway.call(FindModels(actor=ACTOR, node_id=node.node_id))


async def ended(fleet: Fleet, node: ClaimedNode, within: float = 20) -> TransferView:
    """Return the newest transfer once it is over."""
    seen: list[TransferView] = []

    async def is_over() -> bool:
        seen[:] = (await folder_of(fleet, node)).transfers[:1]
        return seen[0].phase in (TransferPhase.COMPLETED, TransferPhase.FAILED)

    await eventually(is_over, within)
    return seen[0]


def offered(fleet: Fleet, node: ClaimedNode) -> set[str]:
    """Return the LoRAs of the node's newest report."""
    reports = [one for one in fleet.capabilities if one.node_id == node.node_id]
    return {model.name for model in reports[-1].capabilities.models if model.folder == "loras"}


async def test_a_fetched_file_is_reported_at_once_and_counts(
    fleet: Fleet, node: ClaimedNode, files: FileServer, tmp_path: Path
) -> None:
    assert FILE not in offered(fleet, node)
    await fetch(fleet, node, f"{files.url}/film")
    end = await ended(fleet, node)

    assert (end.phase, end.size_bytes) == (TransferPhase.COMPLETED, len(CONTENT))
    await eventually(lambda: FILE in offered(fleet, node), 10)
    assert (tmp_path / "models/loras" / FILE).read_bytes() == CONTENT
    view = await folder_of(fleet, node)
    assert (view.used_bytes, view.max_bytes) == (len(CONTENT), 1_000_000)
    assert len(files.asked) == 1


async def test_a_repetition_joins_and_another_content_is_refused(
    fleet: Fleet, node: ClaimedNode, files: FileServer
) -> None:
    with files.held():
        views = [await fetch(fleet, node, f"{files.url}/film") for _ in range(2)]
        with pytest.raises(ConflictError) as refusal:
            await fetch(fleet, node, f"{files.url}/film", "0" * 64)
    end = await ended(fleet, node)

    assert {view.phase for view in views} <= {TransferPhase.WAITING, TransferPhase.FETCHING}
    assert refusal.value.code == "transfer_exists"
    assert end.phase is TransferPhase.COMPLETED
    assert len(files.asked) == 1


async def test_a_failure_says_why_and_may_be_repeated(
    fleet: Fleet, node: ClaimedNode, files: FileServer
) -> None:
    await fetch(fleet, node, f"{files.url}/missing")
    missing = await ended(fleet, node)
    await fetch(fleet, node, f"{files.url}/film")
    end = await ended(fleet, node)

    assert (missing.phase, missing.reason) == (TransferPhase.FAILED, "its server answers 404")
    assert end.phase is TransferPhase.COMPLETED


async def test_a_folder_that_leads_round_in_circles_ends_one_transfer_and_no_claim(
    fleet: Fleet, node: ClaimedNode, files: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir(exist_ok=True)
    circle = tmp_path / "models/loras/new"
    circle.parent.mkdir(exist_ok=True)
    circle.symlink_to(circle)
    await fetch(fleet, node, f"{files.url}/film")
    broken = await ended(fleet, node)
    circle.unlink()
    await fetch(fleet, node, f"{files.url}/film")
    end = await ended(fleet, node)

    assert "the agent failed" in (broken.reason or "")
    assert end.phase is TransferPhase.COMPLETED


async def test_an_agent_without_a_folder_says_so(fleet: Fleet, engine_url: str) -> None:
    node = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(node)
        with pytest.raises(ConflictError) as refusal:
            await fetch(fleet, node, "https://models.example/a")

    assert refusal.value.code == "no_models_dir"


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_large_file_reaches_two_agents_over_cuts_and_within_their_limits(
    fleet: Fleet, engine_url: str, files: FileServer, tmp_path: Path
) -> None:
    content = os.urandom(1_000_000) * 300
    files.files["/film"] = content
    hash_, limit = sha256(content).hexdigest(), len(content) + 1_000
    async with AsyncExitStack() as stack:
        nodes: list[ClaimedNode] = []
        for pool in ("a", "b"):
            settings: dict[str, Any] = {"models_dir": tmp_path / pool, "pool": pool}
            agent = fleet.agent(models_from_private_hosts=True, max_models_bytes=limit, **settings)
            await stack.enter_async_context(agent)
            nodes.append(await fleet.add_node(engine_url, pool=pool))
            await fleet.ready(nodes[-1])
        for node in nodes:
            await fetch(fleet, node, f"{files.url}/film", "0" * 64)
        wrong = [await ended(fleet, node, within=120) for node in nodes]
        left = [(await folder_of(fleet, node)).used_bytes for node in nodes]
        files.cuts = [120_000_000, 90_000_000, 50_000_000]
        for node in nodes:
            await fetch(fleet, node, f"{files.url}/film", hash_)
        ends = [await ended(fleet, node, within=120) for node in nodes]
        files.files["/more"] = bytes(1_001)
        for node in nodes:
            await fetch(fleet, node, f"{files.url}/more", name="more.safetensors")
        more = [await ended(fleet, node) for node in nodes]

    assert [view.reason for view in wrong] == ["its content has another sha256"] * 2
    assert left == [0, 0]
    assert [view.phase for view in ends] == [TransferPhase.COMPLETED] * 2
    assert all("COMFYFLEET_MAX_MODELS_BYTES" in (view.reason or "") for view in more)
    for pool in ("a", "b"):
        assert hash_of(tmp_path / pool / "loras" / FILE) == hash_
    assert sum(begin > 0 for _, begin in files.asked) == 3, "it goes on where it was cut"

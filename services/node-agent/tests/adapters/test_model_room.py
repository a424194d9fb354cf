"""A folder never has more than its limit, however many agents write into it."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from contracts.errors import OperationError
from node_agent.adapters import model_room
from node_agent.adapters.disk_models import DiskModels
from node_agent.adapters.model_room import promise_of
from runtime.testing.file_server import FileServer
from runtime.testing.ports import eventually

from .test_disk_models import CONTENT, files, left, place, wanted
from .test_shared_models import agents

__all__ = ["agents", "files"]


def limited(models: DiskModels) -> DiskModels:
    """Return an agent that has room for one file, and fetches two at once."""
    most, slots = int(len(CONTENT) * 1.5), asyncio.Semaphore(2)
    return replace(models, max_bytes=most, slots=slots, turn=asyncio.Lock())


@pytest.mark.parametrize("agent_count", [1, 2])
async def test_agents_stay_within_the_limit_of_their_folder(
    agents: list[DiskModels], files: FileServer, agent_count: int
) -> None:
    writers = [limited(one) for one in agents[:agent_count]]
    transfers = [wanted(files), wanted(files, name="sub/more.safetensors")]
    with files.held():
        tasks = [
            asyncio.create_task(writers[number % agent_count].fetch(transfer))
            for number, transfer in enumerate(transfers)
        ]
        await eventually(lambda: len(files.asked) == 2, 10)
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["NoSpaceError", "NoneType"]
    assert [path.stat().st_size for path in left(agents[0]) if path.suffix != ".part"] == [
        len(CONTENT)
    ]


@pytest.mark.parametrize("is_old", [False, True])
async def test_the_promise_of_a_killed_agent_lapses(
    agents: list[DiskModels], files: FileServer, is_old: bool
) -> None:
    agent = limited(agents[0])
    promise = promise_of(agent.root / wanted(files, name="sub/more.safetensors").part("gone"))
    promise.parent.mkdir(parents=True)
    promise.write_text(f"{len(CONTENT)}\n")
    if is_old:
        os.utime(promise, (0, 0))
        await agent.fetch(wanted(files))
    else:
        with pytest.raises(OperationError, match="are taken"):
            await agent.fetch(wanted(files))

    assert place(agent).exists() is is_old


async def test_room_is_asked_for_again_while_bytes_come(
    agents: list[DiskModels], files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator fills the folder meanwhile: then nothing more is written."""
    agent, part = limited(agents[0]), agents[0].root / ".part"

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"a"
        (agent.root / "big").write_bytes(bytes(agent.max_bytes))
        yield b"b"

    monkeypatch.setattr(model_room, "RENEW_SECONDS", -1.0)
    with pytest.raises(OperationError, match="are taken"):
        await agent.receive(wanted(files), part, chunks(), 2)

    assert part.read_bytes() == b"a"

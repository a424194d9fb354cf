"""Agents that share a model folder bring each file once, whole, and replace none."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from contracts.errors import OperationError
from contracts.model_files import TransferPhase
from node_agent.adapters import model_folder
from node_agent.adapters.disk_models import DiskModels
from node_agent.adapters.model_folder import LockWatch, locked, publish
from node_agent.adapters.public_web import PublicWeb
from runtime.testing.file_server import FileServer
from runtime.testing.ports import eventually

from .test_disk_models import CONTENT, HASH, files, left, place, wanted

__all__ = ["files"]


@pytest.fixture
async def agents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[list[DiskModels], None]:
    """Two agents with one folder."""
    monkeypatch.setattr(model_folder, "LOOK_SECONDS", 0.01)
    async with httpx.AsyncClient() as client:
        web = PublicWeb(client, may_be_private=True)
        one = DiskModels(tmp_path, 10_000_000, web, "one", pauses=(0.0, 0.0, 0.0))
        yield [one, replace(one, machine="other", slots=Slots(1), turn=asyncio.Lock())]


class Slots(asyncio.Semaphore):
    """Slots that count how often one was given back."""

    returned = 0

    def release(self) -> None:
        self.returned += 1
        super().release()


def returned(models: DiskModels) -> int:
    assert isinstance(models.slots, Slots)
    return models.slots.returned


@pytest.mark.parametrize("hash_", [HASH, None], ids=["hash", "no hash"])
async def test_two_agents_that_begin_at_once_fetch_a_file_once(
    agents: list[DiskModels], files: FileServer, hash_: str | None
) -> None:
    transfers = [wanted(files, hash_) for _ in agents]
    with files.held():
        first = asyncio.create_task(agents[0].fetch(transfers[0]))
        await eventually(lambda: bool(files.asked), 10)
        second = asyncio.create_task(agents[1].fetch(transfers[1]))
        await eventually(lambda: returned(agents[1]) > 0, 10)
    await asyncio.gather(first, second)

    assert place(agents[0]).read_bytes() == CONTENT
    assert left(agents[0]) == [place(agents[0])]
    assert len(files.asked) == 1


async def test_another_agent_goes_on_when_the_first_one_ends(
    agents: list[DiskModels], files: FileServer
) -> None:
    transfers = [wanted(files) for _ in agents]
    with files.held():
        first = asyncio.create_task(agents[0].fetch(transfers[0]))
        await eventually(lambda: bool(files.asked), 10)
        second = asyncio.create_task(agents[1].fetch(transfers[1]))
        first.cancel()
        await eventually(lambda: transfers[1].phase is TransferPhase.FETCHING, 10)
    await second

    assert place(agents[1]).read_bytes() == CONTENT


def test_machines_write_under_names_of_their_own(files: FileServer) -> None:
    """Locks of shared storage may hold on one machine only."""
    one = wanted(files)

    assert one.part("one") != one.part("other")
    assert one.lock == wanted(files).lock != wanted(files, None).lock


async def test_a_file_that_appears_meanwhile_stays(
    agents: list[DiskModels], files: FileServer
) -> None:
    files.before_sending = lambda: place(agents[0]).write_bytes(b"an operator's")
    with pytest.raises(OperationError, match="another content"):
        await agents[0].fetch(wanted(files))

    assert left(agents[0]) == [place(agents[0])]
    assert place(agents[0]).read_bytes() == b"an operator's"


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_file_system_without_links_gets_the_file_too(tmp_path: Path, is_taken: bool) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(source, target)

    part, named = tmp_path / ".part", tmp_path / "named"
    part.write_bytes(b"new")
    if is_taken:
        named.write_bytes(b"old")

    assert publish(part, named, refuse) is not is_taken
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old" if is_taken else b"new"]


async def test_a_second_name_of_a_published_file_is_not_written_to(
    agents: list[DiskModels], files: FileServer
) -> None:
    """An agent died between the two steps of publishing, and an operator moved the file."""
    moved, part = place(agents[0]), agents[0].root / wanted(files).part("one")
    moved.parent.mkdir(parents=True)
    moved.write_bytes(CONTENT + b"more")
    os.link(moved, part)
    moved = moved.rename(moved.with_name("moved"))
    await agents[0].fetch(wanted(files))

    assert place(agents[0]).read_bytes() == CONTENT
    assert moved.read_bytes() == CONTENT + b"more"


@pytest.mark.parametrize("hash_", [HASH, None], ids=["hash", "no hash"])
async def test_a_server_that_cuts_each_answer_is_given_up(
    agents: list[DiskModels], files: FileServer, hash_: str | None
) -> None:
    """With a hash each answer brings one byte, without one each begins anew."""
    files.cuts = [1] * 50 if hash_ else [1_100_000, 2_200_000, *[2_900_000] * 50]
    with pytest.raises(OperationError, match="does not send it"):
        await agents[0].fetch(wanted(files, hash_))

    assert len(files.asked) == len(agents[0].pauses)


async def test_a_file_that_comes_too_slowly_is_given_up(
    agents: list[DiskModels], files: FileServer
) -> None:
    def none(size_bytes: int) -> float:
        return 0.0 * size_bytes

    with pytest.raises(OperationError, match="too slowly"):
        await replace(agents[0], patience=none).fetch(wanted(files))


async def test_an_agent_that_stands_still_blocks_no_other_file_and_is_given_up(
    agents: list[DiskModels], files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, names = agents[1], ("sub/a.safetensors", "sub/b.safetensors")
    (other.root / "loras/sub").mkdir(parents=True)
    locks = [other.root / wanted(files, name=name).lock for name in names]
    with ExitStack() as stack:
        for lock in locks:
            stack.enter_context(locked(lock))
        waiting = [asyncio.create_task(other.fetch(wanted(files, name=name))) for name in names]
        await eventually(lambda: returned(other) > len(names), 10)
        await other.fetch(wanted(files))
        assert not any(task.done() for task in waiting)
        monkeypatch.setattr(model_folder, "STILL_SECONDS", 0.0)
        with pytest.raises(OperationError, match="another agent has been fetching it for"):
            await other.fetch(wanted(files, name=names[0]))
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert left(other) == [place(other)]


async def test_an_agent_that_renews_its_lock_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folder, "LOOK_SECONDS", 0.0)
    lock = tmp_path / ".lock"
    with locked(lock):
        watch = LockWatch(lock, "has been fetching it", 0.0)
        for second in range(3):
            os.utime(lock, (second, second))
            await watch.look_again()
        with pytest.raises(OperationError, match="stands still"):
            await watch.look_again()

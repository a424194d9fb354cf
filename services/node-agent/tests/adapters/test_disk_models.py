"""Model files come whole or not at all, and never beyond the limit of their folder."""

import os
from collections.abc import AsyncGenerator, Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.access import Actor
from contracts.errors import OperationError
from contracts.model_files import FetchModel, ModelOrigin
from contracts.values import new_id
from node_agent.adapters.disk_models import DiskModels
from node_agent.adapters.public_web import PublicWeb
from node_agent.domain.transfers import Transfer, Transfers
from runtime.testing.file_server import FileServer, a_file_server

CONTENT = os.urandom(3_000_000)
HASH = sha256(CONTENT).hexdigest()
NAME = "sub/model.safetensors"


@pytest.fixture
def files() -> Generator[FileServer, None, None]:
    with a_file_server() as running:
        running.files["/model"] = CONTENT
        yield running


@pytest.fixture
async def models(tmp_path: Path) -> AsyncGenerator[DiskModels, None]:
    async with httpx.AsyncClient() as client:
        web = PublicWeb(client, may_be_private=True)
        yield DiskModels(tmp_path / "models", 10_000_000, web, "box", pauses=(0.0, 0.0, 0.0))


def wanted(files: FileServer, hash_: str | None = HASH, name: str = NAME) -> Transfer:
    # built without validation: http without a hash stands for https
    origin = ModelOrigin.model_construct(url=f"{files.url}/model", sha256=hash_)
    fields: dict[str, Any] = {"actor": Actor(user_id=new_id()), "node_id": new_id()}
    return Transfer(FetchModel.model_construct(folder="loras", name=name, origin=origin, **fields))


def begun(models: DiskModels, files: FileServer, content: bytes) -> Transfer:
    """Return a transfer of which an earlier agent left this beginning."""
    transfer = wanted(files)
    part = models.root / transfer.part(models.machine)
    part.parent.mkdir(parents=True)
    part.write_bytes(content)
    return transfer


def place(models: DiskModels) -> Path:
    return models.root / "loras" / NAME


def left(models: DiskModels) -> list[Path]:
    return [path for path in models.root.rglob("*") if path.is_file()]


async def test_a_file_is_fetched_checked_and_put_in_its_place(
    models: DiskModels, files: FileServer
) -> None:
    transfer = wanted(files)
    await models.fetch(transfer)

    assert place(models).read_bytes() == CONTENT
    assert left(models) == [place(models)]
    assert (transfer.size_bytes, transfer.fetched_bytes) == (len(CONTENT), len(CONTENT))
    await models.fetch(wanted(files))
    assert len(files.asked) == 1, "it is there already"


async def test_a_transfer_that_was_cut_goes_on_where_it_ended(
    models: DiskModels, files: FileServer
) -> None:
    files.cuts = [1_000_000, 500_000]
    await models.fetch(wanted(files))

    assert place(models).read_bytes() == CONTENT
    assert [begin for _, begin in files.asked] == [0, 1_000_000, 1_500_000]


async def test_an_agent_that_was_started_again_goes_on_with_the_same_bytes(
    models: DiskModels, files: FileServer
) -> None:
    files.cuts, files.statuses = [1_000_000], []
    files.before_sending = lambda: files.statuses.extend([503] * 3)
    with pytest.raises(OperationError, match="answers 503"):
        await models.fetch(wanted(files))
    files.statuses, files.before_sending = [], lambda: None
    await models.fetch(wanted(files))

    assert place(models).read_bytes() == CONTENT
    assert files.asked[-1] == ("/model", 1_000_000)


async def test_a_file_that_was_complete_is_not_fetched_again(
    models: DiskModels, files: FileServer
) -> None:
    """The agent ended between the last byte and the check."""
    transfer = begun(models, files, CONTENT)
    await models.fetch(transfer)

    assert place(models).read_bytes() == CONTENT
    assert files.asked == [("/model", len(CONTENT))]


async def test_a_wrong_hash_is_refused_and_leaves_nothing(
    models: DiskModels, files: FileServer
) -> None:
    with pytest.raises(OperationError, match="another sha256"):
        await models.fetch(wanted(files, "0" * 64))

    assert left(models) == []


async def test_a_beginning_of_other_content_is_fetched_anew(
    models: DiskModels, files: FileServer
) -> None:
    transfer = begun(models, files, b"?" * 1_000)
    await models.fetch(transfer)

    assert place(models).read_bytes() == CONTENT
    assert [begin for _, begin in files.asked] == [1_000, 0]


async def test_a_file_that_became_shorter_is_fetched_anew(
    models: DiskModels, files: FileServer
) -> None:
    transfer = begun(models, files, CONTENT + b"?")
    await models.fetch(transfer)

    assert place(models).read_bytes() == CONTENT


async def test_a_server_without_ranges_begins_again(models: DiskModels, files: FileServer) -> None:
    files.knows_ranges, files.cuts = False, [1_000_000]
    await models.fetch(wanted(files))

    assert place(models).read_bytes() == CONTENT


async def test_without_a_hash_nothing_is_gone_on_with(
    models: DiskModels, files: FileServer
) -> None:
    files.cuts = [1_000_000]
    await models.fetch(wanted(files, None))

    assert place(models).read_bytes() == CONTENT
    assert [begin for _, begin in files.asked] == [0, 0]


async def test_the_folder_never_has_more_than_its_limit(
    models: DiskModels, files: FileServer
) -> None:
    models.root.mkdir()
    (models.root / "big").write_bytes(bytes(7_000_001))
    with pytest.raises(OperationError, match="7000001 of the 10000000 bytes"):
        await models.fetch(wanted(files))
    assert await models.used_bytes() == 7_000_001
    (models.root / "big").write_bytes(bytes(7_000_000))
    await models.fetch(wanted(files))

    assert await models.used_bytes() == 10_000_000


async def test_a_server_must_say_the_size_and_keep_it(
    models: DiskModels, files: FileServer
) -> None:
    files.tells_size = False
    with pytest.raises(OperationError, match="does not say its size"):
        await models.fetch(wanted(files))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refusal_is_not_repeated(
    models: DiskModels, files: FileServer, status: int
) -> None:
    files.statuses = [status]
    with pytest.raises(OperationError, match=f"answers {status}"):
        await models.fetch(wanted(files))
    assert len(files.asked) == 1


async def test_no_file_is_replaced(models: DiskModels, files: FileServer) -> None:
    place(models).parent.mkdir(parents=True)
    place(models).write_bytes(b"an operator's")
    with pytest.raises(OperationError, match="another content"):
        await models.fetch(wanted(files))

    assert place(models).read_bytes() == b"an operator's"
    assert not files.asked


async def test_no_link_leads_out_of_the_folder(
    models: DiskModels, files: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    models.root.mkdir()
    (models.root / "loras").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperationError, match="leads out"):
        await models.fetch(wanted(files))

    assert not [*(tmp_path / "elsewhere").iterdir()]


async def test_unfinished_files_go_after_a_week(models: DiskModels, files: FileServer) -> None:
    old = models.root / "vae" / ".old.ckpt.0123456789abcdef.part"
    new = old.with_name(".new.ckpt.0123456789abcdef.part")
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    await models.fetch(wanted(files))

    assert sorted(left(models)) == sorted([place(models), new])


def test_transfers_that_are_over_make_room_for_others(files: FileServer) -> None:
    transfers = Transfers()
    for number in range(100):
        transfers.add(wanted(files, name=f"{number}"))
    with pytest.raises(OperationError, match="100 transfers"):
        transfers.add(wanted(files, name="more"))
    transfers.by_name["loras", "7"].end()
    transfers.add(wanted(files, name="more"))

    assert ("loras", "7") not in transfers.by_name

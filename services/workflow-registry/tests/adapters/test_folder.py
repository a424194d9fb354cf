import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

from runtime.testing.ports import eventually
from workflow_registry.adapters.folder import MAX_BYTES, Folder
from workflow_registry.domain.files import File, Unreadable, Unsettled


async def following(changes: AsyncIterator[dict[str, File]]) -> dict[str, File]:
    return await asyncio.wait_for(anext(changes), 5)


def changes(path: Path) -> AsyncIterator[dict[str, File]]:
    return Folder(path, poll_seconds=0.01, settle_seconds=0.01).changes()


async def test_the_folder_is_read_at_once_and_after_each_change(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one")
    (tmp_path / "ignored.txt").write_text("")
    seen = changes(tmp_path)

    assert await following(seen) == {"a.yaml": "one"}
    (tmp_path / "b.json").write_text("{}")
    assert await following(seen) == {"a.yaml": "one", "b.json": "{}"}
    (tmp_path / "a.yaml").unlink()
    assert await following(seen) == {"b.json": "{}"}


async def test_what_is_no_text_is_unreadable_and_nothing_worse(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("é".encode("latin-1"))
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "missing")
    (tmp_path / "big.json").write_bytes(b" " * (MAX_BYTES + 1))

    files = await following(changes(tmp_path))

    assert files == {
        "latin.yaml": Unreadable("not a text in UTF-8"),
        "folder.yaml": Unreadable("not a file"),
        "big.json": Unreadable("larger than 1024 KiB"),
    }


async def test_a_folder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mounted", poll_seconds=0.01)
    waiting = asyncio.create_task(following(folder.changes()))

    await eventually(lambda: folder.trouble is not None)
    (tmp_path / "mounted").mkdir()

    assert await waiting == {}
    assert folder.trouble is None


async def test_a_folder_that_goes_away_takes_no_file_along(tmp_path: Path) -> None:
    path = tmp_path / "mounted"
    path.mkdir()
    (path / "a.yaml").write_text("one")
    folder = Folder(path, poll_seconds=0.01)
    seen = folder.changes()
    await following(seen)
    waiting = asyncio.create_task(following(seen))

    path.rename(tmp_path / "away")
    await eventually(lambda: folder.trouble is not None)
    (tmp_path / "away" / "b.yaml").write_text("two")
    (tmp_path / "away").rename(path)

    assert await waiting == {"a.yaml": "one", "b.yaml": "two"}


async def test_a_file_that_never_rests_keeps_no_other_from_being_seen(tmp_path: Path) -> None:
    async def write_notes() -> None:
        for number in itertools.count():
            (tmp_path / "notes.json").write_text("x" * number)
            await asyncio.sleep(0)

    (tmp_path / "notes.json").write_text("")
    seen = changes(tmp_path)
    await following(seen)
    writing = asyncio.create_task(write_notes())
    await asyncio.sleep(0)
    (tmp_path / "a.yaml").write_text("one")

    files = await following(seen)
    while "a.yaml" not in files or files["a.yaml"] == Unsettled():
        files = await following(seen)
    writing.cancel()

    assert files == {"a.yaml": "one", "notes.json": Unsettled()}

from datetime import datetime, timedelta

from media.handlers.deletion import ORPHAN_AGE, delete_orphans

from .adapters.records import NOW
from .fake_store import FakeStore
from .fakes import FakeDeletions, a_media


async def test_objects_without_a_row_are_deleted_and_others_stay() -> None:
    keys = ["incoming/a", "blobs/o/named", "blobs/o/lost", "results/o/a/0", "results/o/a/1"]
    store, deletions = FakeStore(dict.fromkeys(keys, b"")), FakeDeletions(keys[1], keys[3])
    await delete_orphans(a_media(store=store, deletions=deletions))
    assert sorted(store.objects) == sorted([keys[1], keys[3]])
    assert deletions.forgotten == [NOW - timedelta(hours=24)]


async def test_nothing_is_old_before_process_and_database_agree() -> None:
    wall, year, deletions = NOW, timedelta(days=365), FakeDeletions()
    service = a_media(deletions=deletions, clock=lambda: wall)

    async def before_which_things_go() -> datetime:
        await delete_orphans(service)
        return deletions.forgotten[-1] + ORPHAN_AGE

    wall = NOW + year
    assert await before_which_things_go() == NOW
    deletions.time = NOW + year
    assert await before_which_things_go() == NOW + year
    wall = NOW
    assert await before_which_things_go() == NOW

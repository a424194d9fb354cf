from datetime import timedelta

from media.handlers.deletion import delete_orphans

from .adapters.records import NOW
from .fake_store import FakeStore
from .fakes import FakeDeletions, a_media


async def test_objects_without_a_row_are_deleted_and_others_stay() -> None:
    keys = ["incoming/a", "blobs/o/named", "blobs/o/lost", "results/o/a/0", "results/o/a/1"]
    store, deletions = FakeStore(dict.fromkeys(keys, b"")), FakeDeletions(keys[1], keys[3])
    await delete_orphans(a_media(store=store, deletions=deletions))
    assert sorted(store.objects) == sorted([keys[1], keys[3]])
    assert deletions.forgotten == [NOW - timedelta(hours=24)]

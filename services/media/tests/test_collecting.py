from collections.abc import Sequence
from datetime import datetime, timedelta

from media.handlers.collecting import collect_orphans

from .adapters.records import NOW
from .fakes import FakeStore


class FakeOrphans:
    def __init__(self, *named: str) -> None:
        self.named = named
        self.forgotten: list[datetime] = []

    async def forget(self, before: datetime) -> None:
        self.forgotten.append(before)

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        return [key for key in keys if key not in self.named]


async def test_objects_without_a_row_are_deleted_and_others_stay() -> None:
    keys = ["incoming/a", "blobs/o/named", "blobs/o/lost", "results/o/a/0", "results/o/a/1"]
    store, orphans = FakeStore(dict.fromkeys(keys, b"")), FakeOrphans(keys[1], keys[3])
    await collect_orphans(orphans, store, lambda: NOW)
    assert sorted(store.objects) == sorted([keys[1], keys[3]])
    assert orphans.forgotten == [NOW - timedelta(hours=24)]

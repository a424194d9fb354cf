from datetime import datetime, timedelta

from media.handlers.deletion import ORPHAN_AGE, delete_orphans
from media.service import BELIEVED_SECONDS

from .adapters.records import NOW
from .fake_store import FakeStore
from .fakes import FakeDeletions, a_media


async def test_objects_without_a_row_are_deleted_and_others_stay() -> None:
    keys = ["incoming/a", "blobs/o/named", "blobs/o/lost", "results/o/a/0", "results/o/a/1"]
    store, deletions = FakeStore(dict.fromkeys(keys, b"")), FakeDeletions(keys[1], keys[3])
    await delete_orphans(a_media(store=store, deletions=deletions))
    assert sorted(store.objects) == sorted([keys[1], keys[3]])
    assert deletions.forgotten == [NOW - timedelta(hours=24)]


async def test_a_clock_that_jumps_ahead_makes_nothing_old_until_it_has_lasted() -> None:
    wall, steady, year, minute = NOW, 0.0, timedelta(days=365), timedelta(minutes=1)
    deletions = FakeDeletions()
    service = a_media(deletions=deletions, clock=lambda: wall, steady=lambda: steady)

    async def before_which_things_go() -> datetime:
        await delete_orphans(service)
        return deletions.forgotten[-1] + ORPHAN_AGE

    assert await before_which_things_go() == NOW
    wall = NOW + year
    assert await before_which_things_go() == NOW, "the database does not agree"
    deletions.time, steady = NOW + year, 60.0
    assert await before_which_things_go() == NOW + minute
    lasted = timedelta(seconds=BELIEVED_SECONDS)
    wall = deletions.time = NOW + year + lasted
    steady += BELIEVED_SECONDS
    assert await before_which_things_go() == NOW + year + lasted
    wall = NOW
    assert await before_which_things_go() == NOW, "a clock that is set back counts at once"

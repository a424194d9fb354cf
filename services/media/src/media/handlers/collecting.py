"""Objects that nobody needs are deleted a day after they were last written."""

from datetime import timedelta

import structlog

from media.domain.names import PREFIXES
from media.ports import Clock, ObjectStore, Orphans

log = structlog.get_logger()

LIFETIME = timedelta(hours=24)
"""Longer than any URL or grant lives, so nothing under way is ever collected."""


async def collect_orphans(orphans: Orphans, store: ObjectStore, clock: Clock) -> None:
    """Forget rows nobody needs, then delete objects without a row."""
    before = clock() - LIFETIME
    await orphans.forget(before)
    deleted = 0
    for prefix in PREFIXES:
        async for keys in store.older(prefix, before):
            dead = await orphans.unreferenced(keys)
            await store.remove(dead)
            deleted += len(dead)
    if deleted:
        log.info("orphans_deleted", objects=deleted)

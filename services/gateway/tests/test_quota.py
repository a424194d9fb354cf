"""An owner over the storage limit runs no jobs; others do not wait for the figure."""

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from contracts.access import Actor, Limits
from contracts.errors import ForbiddenError, UnavailableError
from contracts.media.library import FindStorage, StorageView
from gateway.jobs.quota import FRESH_SECONDS, Quota
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import a_fleet

LIMIT = 100


class Storage:
    """Media's part of it; `now` is the time of the one who asks."""

    def __init__(self, stored_bytes: int | None = 0) -> None:
        self.stored_bytes = stored_bytes
        self.asked: list[UUID] = []
        self.now = 0.0

    async def call(self, request: Any, *, within: float = 5.0) -> Any:
        assert isinstance(request, FindStorage)
        assert within <= 1
        self.asked.append(request.actor.user_id)
        await asyncio.sleep(0)
        if self.stored_bytes is None:
            raise UnavailableError("media does not answer")
        counts: dict[str, Any] = {"media_count": 1, "media_count_by_kind": {}}
        return StorageView(stored_bytes=self.stored_bytes, limit_bytes=LIMIT, **counts)


def a_quota(storage: Storage, most: int = 10) -> Quota:
    return Quota(cast("Bus", storage), lambda: storage.now, most)


def an_actor() -> Actor:
    return Actor(user_id=uuid4(), limits=Limits(storage_bytes=LIMIT))


async def test_a_figure_under_the_limit_is_asked_for_once_however_many_come() -> None:
    storage, actor = Storage(LIMIT), an_actor()
    quota = a_quota(storage)
    await asyncio.gather(*(quota.refuse_if_exceeded(actor) for _ in range(5)))
    await quota.refuse_if_exceeded(actor)

    assert storage.asked == [actor.user_id]


async def test_an_old_figure_is_renewed_without_waiting() -> None:
    storage, actor = Storage(LIMIT), an_actor()
    quota = a_quota(storage)
    await quota.refuse_if_exceeded(actor)
    storage.stored_bytes, storage.now = LIMIT + 1, FRESH_SECONDS + 1
    await quota.refuse_if_exceeded(actor)
    await eventually(lambda: len(storage.asked) == 2)
    with pytest.raises(ForbiddenError) as refused:
        await quota.refuse_if_exceeded(actor)

    assert refused.value.code == "storage_quota"
    assert str(LIMIT + 1) in refused.value.message


async def test_who_made_room_is_let_in_at_once() -> None:
    storage, actor = Storage(LIMIT + 1), an_actor()
    quota = a_quota(storage)
    with pytest.raises(ForbiddenError):
        await quota.refuse_if_exceeded(actor)
    storage.stored_bytes = LIMIT
    await quota.refuse_if_exceeded(actor)


async def test_jobs_go_on_while_media_is_away() -> None:
    storage, actor = Storage(None), an_actor()
    quota = a_quota(storage)
    await quota.refuse_if_exceeded(actor)
    await quota.refuse_if_exceeded(actor)

    assert len(storage.asked) == 1


async def test_only_so_many_figures_are_remembered() -> None:
    storage, first = Storage(), an_actor()
    quota = a_quota(storage, most=1)
    for actor in (first, an_actor(), first):
        await quota.refuse_if_exceeded(actor)

    assert len(storage.asked) == 3


async def test_over_the_limit_a_job_is_refused_with_the_figures(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        fleet.storage.stored_bytes = Limits().storage_bytes + 1
        refused = await fleet.post_job({"workflow": "solid"})
        fleet.storage.stored_bytes = 10
        taken = await fleet.post_job({"workflow": "solid"})

        assert (refused.status_code, taken.status_code) == (403, 201)
        assert refused.json()["type"] == "urn:comfyfleet:problem:storage_quota"
        assert str(Limits().storage_bytes) in refused.json()["detail"]
        assert len(fleet.scheduler.submitted) == 1

"""The stream of events is made anew while the gateway runs, as after the loss of a volume."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.topology import EVENTS_STREAM
from runtime.bus import ordered
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration, provision_nats
from runtime.testing.servers import NatsServer, nats_server

from .batches import a_batch_fleet
from .sse import following
from .test_batch_events import a_batch

NOTICED_WITHIN = 30.0
AS_MANY_AS_BEFORE = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS of its own: this test deletes the stream of events."""
    with nats_server(tmp_path) as server:
        yield server


async def make_stream_anew(nats: NatsServer) -> None:
    password = nats.passwords[PROVISIONER]
    async with administration(nats.url, password) as jetstream:
        await jetstream.delete_stream(EVENTS_STREAM)
    await provision_nats(nats.url, password)


async def test_who_follows_a_stream_that_was_made_anew_comes_back_and_hears_what_is_new(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered, "RENEW_SECONDS", 0.3)
    monkeypatch.setattr(ordered, "POLL_SECONDS", 0.1)
    async with a_batch_fleet(server) as (fleet, _):
        path, (first, second) = await a_batch(fleet, 2)
        paths = ("/v1/events", path)
        async with (
            following(fleet.client, paths[0]) as mine,
            following(fleet.client, paths[1]) as batch,
        ):
            for frames in (mine, batch):
                assert [(await frames.next()).name for _ in range(2)] == ["job.snapshot"] * 2
            await fleet.scheduler.start(first)
            seen = [(await frames.next()).id for frames in (mine, batch)]
            await make_stream_anew(server)
            await fleet.scheduler.complete(first)
            assert await mine.rest(NOTICED_WITHIN) == await batch.rest(NOTICED_WITHIN) == []
        for _ in range(AS_MANY_AS_BEFORE):
            await fleet.scheduler.start(second)
        async with (
            following(fleet.client, paths[0], seen[0]) as mine,
            following(fleet.client, paths[1], seen[1]) as batch,
        ):
            shown = await mine.next(), await batch.next(), await batch.next()
            await fleet.scheduler.complete(second)
            ends = await mine.next(), *await batch.rest()

    assert [frame.name for frame in shown] == ["job.snapshot"] * 3, "an old id is no place here"
    assert {frame.data["id"] for frame in shown} == {str(first), str(second)}
    assert [frame.name for frame in ends] == ["job.completed", "job.completed", "batch.finished"]

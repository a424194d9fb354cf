from datetime import UTC, datetime
from uuid import UUID

from contracts.event import Position
from contracts.scheduler.job_events import JobCanceled
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from runtime.bus import event_stream
from runtime.bus.client import Bus
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.testing.servers import NatsServer


def an_event(owner_id: UUID) -> JobCanceled:
    return JobCanceled(
        job_id=new_id(),
        owner_id=owner_id,
        status=JobStatus.CANCELED,
        workflow="resize@1",
        version=1,
        occurred_at=datetime.now(UTC),
    )


async def test_a_part_of_the_stream_is_read_again_and_ends(nats: NatsServer) -> None:
    owner, nobody, other = new_id(), new_id(), new_id()
    facts = [an_event(owner), an_event(other), an_event(owner), an_event(owner)]
    async with (
        Bus.connect(
            nats.url, service="scheduler", password=nats.passwords["scheduler"]
        ) as scheduler,
        Bus.connect(nats.url, service="gateway", password=nats.passwords["gateway"]) as gateway,
    ):
        _, before = await event_stream.bounds(gateway)
        await publish(scheduler, [event(fact) for fact in facts])
        begin, last = await event_stream.bounds(gateway)

        def behind(count: int) -> Position:
            return before._replace(sequence=before.sequence + count)

        async def replayed(owner_id: UUID, after: int, until: int) -> list[int]:
            subject = f"event.job.*.v1.{owner_id}"
            found = event_stream.read_stored(gateway, subject, behind(after), behind(until))
            return [stored.position.sequence - before.sequence async for stored in found]

        assert begin <= before
        assert last == behind(4)
        assert await replayed(owner, 0, 4) == [1, 3, 4]
        assert await replayed(owner, 1, 3) == [3]
        assert await replayed(owner, 4, 4) == []
        assert await replayed(nobody, 0, 4) == []

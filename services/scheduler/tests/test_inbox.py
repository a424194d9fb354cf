"""One step takes as many occurrences as it can write in short time."""

from contracts.scheduler.batches import CancelBatch
from contracts.scheduler.claims import NodeBeat
from contracts.values import new_id
from scheduler.domain.occurrences import Occurrence, Requested
from scheduler.service import UNIT_BYTES, Inbox

from .domain.core import OWNER, a_batch, a_submit


async def taken(*items: Occurrence) -> list[int]:
    """Return how many of the items each step takes, in order."""
    inbox, counts, left = Inbox(), list[int](), list(items)
    for item in items:
        inbox.put(item)
    while len(inbox):
        step = await inbox.take(1_000, within=0)
        assert step == left[: len(step)]
        left = left[len(step) :]
        counts.append(len(step))
    return counts


async def test_a_large_batch_has_a_step_of_its_own() -> None:
    beat = NodeBeat(node_id=new_id(), claim=1, is_reachable=True)
    large, small = Requested(0, a_batch(1_000)), Requested(0, a_batch(400))
    cancel = Requested(0, CancelBatch(actor=OWNER, batch_id=new_id()))

    assert await taken(large, large, beat, small, small, small, cancel) == [1, 1, 3, 1, 1]
    assert await taken(*[beat] * 1_001) == [1_000, 1]


async def test_large_inputs_weigh_as_much_as_many_jobs() -> None:
    job = Requested(0, a_submit(inputs={"prompt": "x" * 399 * UNIT_BYTES}))

    assert await taken(job, job, job) == [2, 1]

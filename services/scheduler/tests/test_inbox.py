"""One step takes as many occurrences as it can write in short time."""

from contracts.scheduler.batches import CancelBatch
from contracts.scheduler.claims import NodeBeat, ReportCapabilities
from contracts.scheduler.job_requests import Requirements
from contracts.scheduler.nodes import Capabilities
from contracts.values import new_id
from scheduler.domain.occurrences import Occurrence, Requested
from scheduler.domain.state import State
from scheduler.domain.unread import UnreadJobs
from scheduler.domain.weights import UNIT_BYTES
from scheduler.service import Inbox

from .domain.core import OWNER, Core, a_batch, a_submit


async def taken(*items: Occurrence, state: State | None = None) -> list[int]:
    """Return how many of the items each step takes, in order."""
    inbox, counts, left = Inbox(state or State()), list[int](), list(items)
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

    assert await taken(large, large, beat, small, small, small, beat) == [1, 1, 3, 2]
    assert await taken(*[beat] * 1_001) == [1_000, 1]


async def test_a_canceled_batch_weighs_the_jobs_that_it_still_has() -> None:
    core, batch = Core(), a_batch(600)
    cancel = Requested(0, CancelBatch(actor=OWNER, batch_id=batch.batch_id))
    unknown = Requested(0, CancelBatch(actor=OWNER, batch_id=new_id()))
    core.ask(batch)

    assert await taken(cancel, cancel, unknown, state=core.state) == [1, 2]
    core.say(cancel)
    assert not core.state.unfinished_of_batch
    assert await taken(*[cancel, unknown] * 250, state=core.state) == [500]
    core.state.unread = UnreadJobs({new_id(): OWNER.user_id for _ in range(600)})
    assert await taken(cancel, cancel, state=core.state) == [1, 1], "they may be of the batch"


async def test_large_inputs_weigh_as_much_as_many_jobs() -> None:
    job = Requested(0, a_submit(inputs={"prompt": "x" * 399 * UNIT_BYTES}))

    assert await taken(job, job, job) == [2, 1]


async def test_values_that_the_jobs_of_a_batch_share_weigh_for_each() -> None:
    long = "x" * 255 * 1024
    required = Requirements(classes=frozenset([long]))
    batches = a_batch(62, inputs={"prompt": long}), a_batch(62, requirements=[required])
    wrong = a_batch(2).items[0].model_copy(update={"requirements": 1})
    refused = a_batch(2).model_copy(update={"items": [wrong]})

    for batch in batches:
        assert await taken(Requested(0, batch), Requested(0, batch)) == [1, 1]
    assert await taken(Requested(0, refused), Requested(0, refused)) == [2]


async def test_the_last_page_of_a_description_weighs_as_much_as_all() -> None:
    can = Capabilities(digest="d", engine_version="1", classes=["A"], models=[])
    report = ReportCapabilities(node_id=new_id(), claim=1, capabilities=can, page=3, pages=4)

    assert await taken(*[Requested(0, report)] * 5) == [2, 2, 1]

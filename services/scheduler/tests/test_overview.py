"""The pause of the dispatch and the overview through a real scheduler, over a new leader."""

from contracts.access import Actor, Permission, Priority
from contracts.scheduler.dispatch import (
    DispatchPaused,
    DispatchView,
    FindOverview,
    OverviewView,
    PauseDispatch,
    ResumeDispatch,
)
from contracts.scheduler.job_requests import NewJob, SubmitJob
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import NewNode, NodePhase
from contracts.values import new_id
from runtime.bus import event_stream
from runtime.bus.client import Bus

from .fleet import ADMIN, Schedulers

OVERSEER = Actor(user_id=ADMIN.user_id, permissions=frozenset({Permission.JOBS_READ_ALL}))


async def submit(gateway: Bus, actor: Actor, priority: Priority) -> None:
    job = NewJob(job_id=new_id(), workflow="solid@1", version_hash="h", priority=priority)
    await gateway.call(SubmitJob(actor=actor, job=job), within=15)


async def overview(gateway: Bus, actor: Actor = OVERSEER) -> OverviewView:
    return await gateway.call(FindOverview(actor=actor), within=15)


async def test_a_pause_outlives_the_leader_and_is_a_fact(
    schedulers: Schedulers, gateway: Bus
) -> None:
    schedulers.start()
    _, before = await event_stream.bounds(gateway)
    paused = await gateway.call(PauseDispatch(actor=ADMIN, reason="power"), within=15)
    schedulers.kill_all()
    schedulers.start()
    found = await overview(gateway)
    resumed = await gateway.call(ResumeDispatch(actor=ADMIN), within=15)
    facts = event_stream.follow(gateway, before.sequence)
    event = await anext(facts)
    fact = DispatchPaused.decode(event.subject, event.body)

    assert found.dispatch == paused
    assert (paused.paused_by, paused.reason) == (ADMIN.user_id, "power")
    assert resumed == DispatchView(is_paused=False)
    assert (fact.user_id, fact.version, fact.scope) == (ADMIN.user_id, 1, "fleet")


async def test_the_overview_counts_what_waits_and_shows_owners_to_overseers(
    schedulers: Schedulers, gateway: Bus
) -> None:
    schedulers.start()
    empty = await overview(gateway)
    other = Actor(user_id=new_id())
    for actor, priority in (
        (ADMIN, Priority.BATCH),
        (ADMIN, Priority.BATCH),
        (other, Priority.INTERACTIVE),
    ):
        await submit(gateway, actor, priority)
    node = NewNode(name="n", base_url="http://10.0.0.7:8188")
    await gateway.call(AddNode(actor=ADMIN, node_id=new_id(), node=node))
    found, plain = await overview(gateway), await overview(gateway, other)

    assert (empty.oldest_wait_seconds, empty.waiting_job_count_by_priority) == (None, {})
    assert found.waiting_job_count_by_priority == {Priority.BATCH: 2, Priority.INTERACTIVE: 1}
    assert found.running_job_count_by_priority == {}
    assert found.node_count_by_phase == {NodePhase.JOINING: 1}
    owners = [(owner.owner_id, owner.waiting_job_count) for owner in found.owners]
    assert owners == [(ADMIN.user_id, 2), (other.user_id, 1)]
    assert (found.oldest_wait_seconds or -1) >= 0
    assert plain.owners == []

from contracts.agent import Cause
from contracts.errors import ConflictError, UnavailableError
from contracts.scheduler.claims import AttemptPhase, BeatAttempt, ClaimNode, NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.occurrences import ClockTicked

from .core import Core, attempt_of


def beat_alone(core: Core, seconds: float, *listed: BeatAttempt) -> None:
    """Let every node beat while time passes; the beats list these attempts only."""
    for _ in range(round(seconds * 2)):
        core.seconds += 0.5
        beats = (
            NodeBeat(node_id=n.id, claim=n.claim, is_reachable=True, attempts=list(listed))
            for n in core.state.nodes.values()
        )
        core.say(*beats, ClockTicked())


def inherited(job: Job) -> Attempt:
    """Return the job's attempt as a new leader loads it."""
    attempt = attempt_of(job)
    attempt.is_inherited, attempt.asked_at = True, 0.0
    return attempt


def test_a_node_that_refuses_an_order_of_an_earlier_leader_does_not_have_it() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    first = inherited(job)
    core.say(core.order_answer(first, UnavailableError("not now", code="no_leader")))

    assert (job.status, job.attempt_count) == (JobStatus.RUNNING, 2)
    assert attempt_of(job).node_id != first.node_id


def test_an_order_that_stays_unanswered_while_its_node_beats_goes_back_after_6_seconds() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    first = inherited(job)
    beat_alone(core, 6)
    assert attempt_of(job) is first
    beat_alone(core, 1.5)

    assert attempt_of(job).node_id != first.node_id


def test_an_accepted_attempt_may_have_started_and_keeps_its_node_for_the_grace() -> None:
    core = Core()
    core.node()
    job = core.job()
    first = attempt_of(job)
    core.node()
    core.say(core.order_answer(first))
    core.silent.add(first.node_id)
    core.pass_time(30)
    assert attempt_of(job) is first
    core.pass_time(2)

    assert attempt_of(job) is not first
    assert job.retry.strikes == {Cause.LOST: 1}


def test_an_agent_that_adopts_does_not_say_that_the_attempt_was_never_posted() -> None:
    core = Core()
    node, other = core.node(priority=1), core.node()
    job = core.job()
    first = attempt_of(job)
    core.silent.add(node.id)
    core.pass_time(5)
    core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))
    core.say(core.beat(node, AttemptPhase.ADOPTING))
    assert first.phase is AttemptPhase.ADOPTING
    core.pass_time(29)
    assert attempt_of(job) is first
    core.pass_time(3)

    assert attempt_of(job).node_id == other.id


def test_the_answer_of_an_agent_that_lost_its_claim_says_nothing_about_the_next_one() -> None:
    core = Core()
    node = core.node()
    core.node()
    job = core.job()
    first = attempt_of(job)
    old = core.order_answer(first, UnavailableError("not now"))
    core.silent.add(first.node_id)
    core.pass_time(5)
    node = core.state.nodes[first.node_id]
    core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))
    core.say(old)
    core.say(core.order_answer(first, ConflictError("claim 1, not 2", code="stale_claim")))

    assert attempt_of(job) is first


def test_a_refusal_that_an_acceptance_overtook_changes_nothing() -> None:
    core = Core()
    core.node()
    job = core.job()
    first = attempt_of(job)
    core.say(core.order_answer(first), core.order_answer(first, UnavailableError("no room")))

    assert attempt_of(job) is first


def test_refused_orders_are_no_tries_and_end_no_job() -> None:
    core = Core()
    node = core.node()
    job = core.job(max_attempts=2)
    for _ in range(12):
        core.say(core.order_answer(attempt_of(job), UnavailableError("no room", code="no_room")))
        core.seconds += 31
        core.say(core.beat(node))

    assert (job.status, job.retry.refused) == (JobStatus.RUNNING, 12)
    assert core.fail(job, Cause.LOST) is JobStatus.RUNNING
    assert core.fail(job, Cause.LOST) is JobStatus.FAILED


def test_a_recall_without_an_answer_is_repeated_by_the_next_beat_that_lists_the_attempt() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    attempt = attempt_of(job)
    core.pass_time(1)
    core.cancel(job)
    core.seconds += 200
    core.say(core.beat(node), ClockTicked())

    assert [recall.attempt_id for recall in core.effects.recalls] == [attempt.id]
    beat_alone(core, 8)
    assert job.status is JobStatus.CANCELED


def test_old_beats_that_queued_while_the_leader_stood_still_lose_no_accepted_attempt() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    old_beat = NodeBeat(node_id=node.id, claim=node.claim, is_reachable=True)
    core.say(core.order_answer(attempt_of(job)))
    core.seconds += 15
    core.say(old_beat, old_beat, ClockTicked())

    assert job.attempt
    assert not job.retry.strikes

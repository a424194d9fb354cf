"""All jobs of a batch are accepted, or none is; all end at once."""

from datetime import timedelta

from contracts.access import Actor, IdempotencyKey, Limits, Permission, Priority
from contracts.agent import AttemptEnd, Outcome
from contracts.errors import InvalidError
from contracts.message import Accepted
from contracts.scheduler.batches import CancelBatch, SubmitBatch, SubmitBatchView, job_ids
from contracts.scheduler.job_requests import Incompatible, Requirements
from contracts.scheduler.jobs import JobError, JobStatus
from contracts.values import Unmet, new_id
from scheduler.domain.batches import MOST_BYTES
from scheduler.domain.context import LoadedRows
from scheduler.domain.core import names_in
from scheduler.domain.jobs import Job
from scheduler.domain.occurrences import Requested
from scheduler.domain.refusals import learn_refusal
from scheduler.domain.state import Limits as FleetLimits
from scheduler.domain.state import State

from .core import BEGIN, OWNER, Core, a_batch, a_model, attempt_of


def jobs_of(core: Core, batch: SubmitBatch) -> list[Job]:
    return [core.state.jobs[job_id] for job_id in job_ids(batch.batch_id, len(batch.items))]


def test_every_item_is_a_job_of_the_batch_in_one_step() -> None:
    core, batch = Core(), a_batch(3, inputs={"prompt": "a"}, labels={"project": "poster"})

    assert core.ask(batch) == SubmitBatchView(batch_id=batch.batch_id)

    jobs = jobs_of(core, batch)
    assert [job.request.inputs for job in jobs] == [{"prompt": "a", "seed": n} for n in range(3)]
    assert {job.request.batch_id for job in jobs} == {batch.batch_id}
    assert {job.owner_id for job in jobs} == {OWNER.user_id}
    assert list(core.effects.new_jobs) == [job.id for job in jobs] == sorted(core.state.jobs)
    assert core.effects.batches[batch.batch_id].job_count == 3
    told = [(type(fact).__name__, fact.version) for fact in core.effects.events]
    assert told == [("JobQueued", 1)] * 3


def test_a_batch_and_its_key_are_looked_up_among_the_stored_ones() -> None:
    core, key = Core(), IdempotencyKey(key="k", body_digest="d")
    batch = a_batch(1).model_copy(update={"idempotency": key})

    found = names_in(core.state, [Requested(0, batch)])

    assert found == ([], [(OWNER.user_id, "submit_batch", "k")], [batch.batch_id])


def test_items_have_the_requirements_that_they_name() -> None:
    core = Core()
    both = [Requirements(), Requirements(models=frozenset([a_model("sdxl")]))]
    batch = a_batch(3, requirements=both)
    items = [batch.items[0], batch.items[1].model_copy(update={"requirements": 1})]
    core.ask(batch.model_copy(update={"items": items}))
    unknown = batch.items[2].model_copy(update={"requirements": 2})

    assert [job.request.requirements for job in core.state.jobs.values()] == both
    assert core.refusal(a_batch(1).model_copy(update={"items": [unknown]})) == "invalid"


def test_a_repeat_is_the_same_batch_also_when_its_jobs_are_over_or_deleted() -> None:
    core, batch = Core(), a_batch(3)
    core.ask(batch)
    again = core.ask(batch)
    assert (again, core.effects.events) == (SubmitBatchView(batch_id=batch.batch_id), [])

    later = Core(loaded=LoadedRows(batches=dict(core.loaded.batches)))
    assert later.ask(batch) == SubmitBatchView(batch_id=batch.batch_id)
    assert not later.state.jobs
    stranger = Actor(user_id=new_id())
    assert later.refusal(batch.model_copy(update={"actor": stranger})) == "batch_exists"


def test_an_idempotency_key_replays_the_batch() -> None:
    core, key = Core(), IdempotencyKey(key="k", body_digest="a")
    first, again = a_batch(2, key=key), a_batch(2, key=key)
    core.ask(first)

    assert core.ask(again) == SubmitBatchView(batch_id=first.batch_id, is_replay=True)
    assert len(core.state.jobs) == 2
    other = IdempotencyKey(key="k", body_digest="b")
    assert core.refusal(a_batch(2, key=other)) == "idempotency_key_reused"


def test_a_batch_that_does_not_fit_into_the_owners_queue_leaves_nothing() -> None:
    core, actor = Core(), Actor(user_id=new_id(), limits=Limits(max_waiting_jobs=5))
    core.job(actor)
    before = dict(core.state.jobs)

    assert core.refusal(a_batch(5, actor)) == "too_many_waiting"
    assert core.refusal(a_batch(6, actor)) == "batch_too_large"
    assert (core.state.jobs, core.effects.needs_commit) == (before, False)
    assert isinstance(core.ask(a_batch(4, actor)), SubmitBatchView)


def test_values_that_all_jobs_share_count_for_each() -> None:
    """They travel once, and each job has a row and an order of its own."""
    core, inputs = Core(), {"prompt": "x" * (MOST_BYTES // 100)}
    many = [Requirements(classes=frozenset(["c" * (MOST_BYTES // 100)]))]

    assert core.refusal(a_batch(100, inputs=inputs)) == "batch_too_large"
    assert core.refusal(a_batch(100, requirements=many)) == "batch_too_large"
    assert isinstance(core.ask(a_batch(90, inputs=inputs)), SubmitBatchView)


def test_a_batch_that_does_not_fit_into_the_queue_of_all_leaves_nothing() -> None:
    core = Core(State(FleetLimits(max_waiting_jobs=5)))
    core.job()

    assert core.refusal(a_batch(5)) == "queue_full"
    assert core.refusal(a_batch(6)) == "batch_too_large"
    assert len(core.state.jobs) == 1


def test_a_batch_is_refused_for_what_a_job_is_refused_for() -> None:
    low = Actor(user_id=new_id(), limits=Limits(max_priority=Priority.BATCH))
    naive = BEGIN.replace(tzinfo=None)

    assert Core().refusal(a_batch(2, low)) == "priority_not_allowed"
    assert Core().refusal(a_batch(2, labels={"a": "\0"})) == "bad_text"
    assert Core().refusal(a_batch(2, deadline=naive)) == "bad_time"


def test_one_refused_value_refuses_the_batch_and_names_the_item() -> None:
    core = Core()
    node = core.node()
    doubt = Unmet(kind="choice", name="s", graph_node="1", input="s", field="inputs.s", message="")
    group = Incompatible(digests=frozenset([node.capabilities.digest]), unmet=(doubt,))
    doubtful = Requirements(doubtful=(group,))
    error = JobError(code="invalid", message="no such sampler", graph_node="1")
    tried = core.job(requirements=doubtful)
    end = AttemptEnd(outcome=Outcome.FAILED, error=error, refused_input="s")
    assert learn_refusal(core.state, tried, node, end)
    batch = a_batch(3, requirements=[Requirements(), doubtful])
    items = [*batch.items[:2], batch.items[2].model_copy(update={"requirements": 1})]

    refused = core.ask(batch.model_copy(update={"items": items}))

    assert isinstance(refused, InvalidError)
    assert [error.path for error in refused.errors] == ["items.2.inputs.s"]
    assert list(core.state.jobs) == [tried.id]


def test_canceling_a_batch_ends_all_its_jobs_and_no_other() -> None:
    core = Core()
    core.node()
    batch = a_batch(4)
    core.ask(batch)
    running, *waiting = jobs_of(core, batch)
    attempt, other = attempt_of(running), core.job()

    assert core.ask(CancelBatch(actor=OWNER, batch_id=batch.batch_id)) == Accepted()

    assert {job.status for job in waiting} == {JobStatus.CANCELED}
    assert running.status is JobStatus.CANCELING
    assert [recall.attempt_id for recall in core.effects.recalls] == [attempt.id]
    assert other.status is JobStatus.QUEUED
    assert core.ask(CancelBatch(actor=OWNER, batch_id=batch.batch_id)) == Accepted()
    assert not core.effects.events
    core.finish(attempt)
    assert running.status is JobStatus.CANCELED
    assert core.ask(CancelBatch(actor=OWNER, batch_id=batch.batch_id)) == Accepted()


def test_a_batch_of_another_does_not_exist_but_for_who_may_cancel_all() -> None:
    core, batch = Core(), a_batch(2)
    core.ask(batch)
    stranger = Actor(user_id=new_id())
    admin = Actor(user_id=new_id(), permissions=frozenset({Permission.JOBS_CANCEL_ALL}))

    assert core.refusal(CancelBatch(actor=stranger, batch_id=batch.batch_id)) == "not_found"
    assert core.refusal(CancelBatch(actor=OWNER, batch_id=new_id())) == "not_found"
    assert len(core.state.jobs) == 2
    assert core.ask(CancelBatch(actor=admin, batch_id=batch.batch_id)) == Accepted()
    assert not core.state.jobs


def test_jobs_of_a_batch_expire_together() -> None:
    core, batch = Core(), a_batch(3, deadline=BEGIN + timedelta(seconds=3))
    core.ask(batch)

    assert core.pass_time(4).count("JobExpired") == 3

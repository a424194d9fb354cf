from datetime import timedelta

from contracts.access import Actor, IdempotencyKey, Limits, Permission, Priority
from contracts.agent import Cause
from contracts.scheduler.job_requests import Incompatible, Requirements, SubmitJobView
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.values import Unmet, new_id
from scheduler.domain.context import LoadedRows

from .core import BEGIN, OWNER, Core, a_model, a_submit, attempt_of


def test_a_job_that_a_free_node_can_run_starts_in_the_same_step() -> None:
    core = Core()
    core.node()

    core.job()

    told = [(type(fact).__name__, fact.version) for fact in core.effects.events]
    assert told == [("JobQueued", 1), ("JobStarted", 2)]
    assert len(core.effects.orders) == 1


def test_the_same_job_id_is_the_same_job() -> None:
    core, request = Core(), a_submit()
    core.ask(request)
    again = core.ask(request)

    assert isinstance(again, SubmitJobView)
    assert again.job.version == 1
    assert not core.effects.events


def test_a_job_that_only_the_table_knows_can_be_canceled() -> None:
    core = Core()
    waiting, running = core.job(), core.job()
    running.status = JobStatus.RUNNING
    stored = LoadedRows({job.id: job for job in (waiting, running)})
    leader = Core(loaded=stored)

    ended, runs_on = leader.cancel(waiting), leader.cancel(running)

    assert isinstance(ended, JobView)
    assert ended.status is JobStatus.CANCELED
    assert isinstance(runs_on, JobView)
    assert runs_on.status is JobStatus.RUNNING
    assert not leader.state.queued_by_owner


def test_a_job_that_only_the_table_knows_starts_once_it_is_named() -> None:
    core, leader, request = Core(), Core(), a_submit()
    core.ask(request)
    leader.node()
    leader.loaded = LoadedRows(dict(core.state.jobs))

    leader.ask(request)

    assert [type(fact).__name__ for fact in leader.effects.events] == ["JobStarted"]


def test_an_idempotency_key_replays_and_refuses_other_words() -> None:
    core = Core()
    first = core.ask(a_submit(key=IdempotencyKey(key="k", body_digest="a")))
    again = core.ask(a_submit(key=IdempotencyKey(key="k", body_digest="a")))

    assert isinstance(first, SubmitJobView)
    assert isinstance(again, SubmitJobView)
    assert (again.is_replay, again.job.id) == (True, first.job.id)
    other = a_submit(key=IdempotencyKey(key="k", body_digest="b"))
    assert core.refusal(other) == "idempotency_key_reused"


def test_an_owner_may_have_only_so_much_waiting() -> None:
    core, actor = Core(), Actor(user_id=new_id(), limits=Limits(max_waiting_jobs=2))
    core.job(actor)
    core.job(actor)

    assert core.refusal(a_submit(actor)) == "too_many_waiting"
    assert core.job().status is JobStatus.QUEUED


def test_a_priority_above_the_cap_is_refused() -> None:
    actor = Actor(user_id=new_id(), limits=Limits(max_priority=Priority.BATCH))

    assert Core().refusal(a_submit(actor)) == "priority_not_allowed"


def test_what_would_break_a_commit_or_a_comparison_is_refused() -> None:
    naive = BEGIN.replace(tzinfo=None)

    assert Core().refusal(a_submit(labels={"a": "\0"})) == "bad_text"
    assert Core().refusal(a_submit(deadline=naive)) == "bad_time"


def names_of(answer: SubmitJobView) -> list[str]:
    return [entry.name for entry in answer.job.unmet]


def test_a_job_that_no_node_can_run_waits_and_says_what_is_missing() -> None:
    core = Core()
    core.node()
    answer = core.ask(a_submit(models=[a_model("sdxl")]))

    assert isinstance(answer, SubmitJobView)
    assert (answer.job.is_runnable, names_of(answer)) == (False, ["checkpoints/sdxl"])


def test_a_job_waits_for_a_server_that_takes_it_and_says_what_the_others_lack() -> None:
    core = Core()
    old = core.node()
    lack = Unmet(kind="choice", name="sampler_name: new", field="inputs.sampler", message="no")
    incompatible = Incompatible(digests=frozenset({old.capabilities.digest}), unmet=(lack,))
    request = a_submit(requirements=Requirements(incompatible=(incompatible,)))
    answer = core.ask(request)

    assert isinstance(answer, SubmitJobView)
    assert (answer.job.is_runnable, answer.job.unmet) == (False, [lack])
    new = core.node()
    job = core.state.jobs[request.job.job_id]
    assert (job.status, attempt_of(job).node_id) == (JobStatus.RUNNING, new.id)


def test_a_node_that_refused_a_job_is_said_to_have() -> None:
    core = Core()
    node = core.node()
    command = a_submit()
    core.ask(command)
    core.fail(core.state.jobs[command.job.job_id], Cause.MISSING)
    answer = core.ask(command)

    assert isinstance(answer, SubmitJobView)
    assert (answer.job.is_runnable, names_of(answer)) == (False, ["w@1"])
    core.report(node, models=(), vram_mb=8_000)
    core.say()
    assert core.state.jobs[command.job.job_id].status is JobStatus.RUNNING


def test_a_job_that_a_node_refused_bars_no_other_owners_job_from_it() -> None:
    core, other = Core(), Actor(user_id=new_id())
    core.node()
    core.fail(core.job(), Cause.MISSING)

    assert core.job(other).status is JobStatus.RUNNING


def test_a_waiting_job_is_canceled_at_once() -> None:
    core = Core()
    job = core.job()
    core.cancel(job)

    assert job.status is JobStatus.CANCELED
    assert not core.state.jobs


def test_a_running_job_ends_canceled_whatever_its_node_says() -> None:
    core = Core()
    core.node()
    job = core.job()
    attempt = attempt_of(job)
    core.cancel(job)
    assert job.status is JobStatus.CANCELING
    assert [recall.attempt_id for recall in core.effects.recalls] == [attempt.id]

    core.finish(attempt)

    assert job.status is JobStatus.CANCELED


def test_canceling_a_finished_job_answers_it_as_it_is() -> None:
    core = Core()
    core.node()
    job = core.job()
    core.finish(attempt_of(job))
    answer = core.cancel(job)

    assert isinstance(answer, JobView)
    assert answer.status is JobStatus.COMPLETED


def test_a_canceled_job_of_a_silent_node_ends_after_the_grace() -> None:
    core = Core()
    node, _ = core.node(), core.node()
    job = core.job()
    core.silent.add(attempt_of(job).node_id)
    assert node
    core.cancel(job)
    core.pass_time(29)
    assert job.status is JobStatus.CANCELING
    core.pass_time(3)

    assert job.status is JobStatus.CANCELED


def test_what_is_anothers_does_not_exist_but_for_who_may_cancel_all() -> None:
    core = Core()
    job = core.job()
    stranger = Actor(user_id=new_id())
    admin = Actor(user_id=new_id(), permissions=frozenset({Permission.JOBS_CANCEL_ALL}))
    core.cancel(job, stranger)
    assert job.status is JobStatus.QUEUED
    core.cancel(job, admin)

    assert job.status is JobStatus.CANCELED


def test_a_deadline_ends_a_job_wherever_it_is() -> None:
    core = Core()
    core.node()
    deadline = BEGIN + timedelta(seconds=5)
    running, waiting = core.job(deadline=deadline), core.job(OWNER, deadline=deadline)
    attempt = attempt_of(running)
    core.pass_time(5)

    assert running.status is waiting.status is JobStatus.EXPIRED
    assert [recall.attempt_id for recall in core.effects.recalls] == [attempt.id]

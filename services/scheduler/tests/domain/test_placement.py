from contracts.access import Actor, Priority
from contracts.message import Accepted
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, RemoveNode
from contracts.scheduler.nodes import NewNode
from contracts.values import new_id
from scheduler.domain.jobs import Job

from .core import OWNER, Core, a_model, attempt_of


def test_owners_take_turns_however_much_one_of_them_submits() -> None:
    core, other = Core(), Actor(user_id=new_id())
    core.node()
    flood = [core.job() for _ in range(5)]
    one = core.job(other)
    core.finish(attempt_of(flood[0]))
    started = flood[1] if flood[1].status is JobStatus.RUNNING else one
    core.finish(attempt_of(started))

    assert one.status is not JobStatus.QUEUED


def test_a_higher_class_goes_first() -> None:
    core = Core()
    core.node()
    running = core.job()
    batch = core.job(priority=Priority.BATCH)
    interactive = core.job(priority=Priority.INTERACTIVE)
    core.finish(attempt_of(running))

    assert (batch.status, interactive.status) == (JobStatus.QUEUED, JobStatus.RUNNING)


def test_jobs_of_one_owner_start_in_their_order() -> None:
    core = Core()
    core.node()
    jobs: list[Job] = []
    for number in range(3):
        core.seconds = number
        jobs.append(core.job(version_hash=str(number)))
    core.finish(attempt_of(jobs[0]))

    assert [job.status for job in jobs[1:]] == [JobStatus.RUNNING, JobStatus.QUEUED]


def test_a_job_that_no_node_can_run_holds_up_nobody() -> None:
    core = Core()
    core.node()
    core.job(OWNER, [a_model("nobody has it")])

    assert core.job().status is JobStatus.RUNNING


def test_a_job_waits_for_the_node_that_has_its_model() -> None:
    core = Core()
    core.node(priority=1)
    has_it = core.node(models=[a_model("sdxl")])

    assert attempt_of(core.job(OWNER, [a_model("sdxl")])).node_id == has_it.id


def test_a_node_that_was_last_given_the_same_models_is_preferred() -> None:
    core, models = Core(), [a_model("a"), a_model("b")]
    core.node(models=models)
    core.node(models=models)
    first = core.job(OWNER, [models[0]])
    warm = attempt_of(first).node_id
    core.finish(attempt_of(first))
    core.seconds += 1

    assert attempt_of(core.job(OWNER, [models[0]])).node_id == warm


def test_a_removed_nodes_job_goes_elsewhere_at_once() -> None:
    core = Core()
    first = core.node()
    job = core.job()
    second = core.node()
    core.ask(RemoveNode(actor=OWNER, node_id=first.id))

    assert attempt_of(job).node_id == second.id
    assert core.effects.node_entries[first.id] is None


def test_a_repeated_removal_succeeds_and_a_late_addition_brings_nothing_back() -> None:
    core, node_id = Core(), new_id()
    new = NewNode(name="n", base_url="http://10.0.0.9")
    add = AddNode(actor=OWNER, node_id=node_id, node=new)
    remove = RemoveNode(actor=OWNER, node_id=node_id)
    assert core.refusal(remove) == "not_found"
    core.ask(add)
    assert core.ask(remove) == core.ask(remove) == Accepted()

    assert core.refusal(add) == "node_removed"
    assert core.refusal(RemoveNode(actor=OWNER, node_id=new_id())) == "not_found"


def test_a_node_full_of_foreign_prompts_gets_nothing() -> None:
    core = Core()
    node = core.node(max_queue=2)
    node.contact.foreign_prompts = 2

    assert core.job().status is JobStatus.QUEUED

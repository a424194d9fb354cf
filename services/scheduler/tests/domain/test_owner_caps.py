"""The operator bounds the work of each owner, and refusals say by how much it is too much."""

from typing import Any

from contracts.access import Actor
from contracts.errors import OperationError
from contracts.message import Command
from contracts.scheduler.job_requests import SubmitJob
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import NewNode
from contracts.values import new_id
from scheduler.domain.state import Limits, State

from .core import OWNER, Core, a_batch, a_submit


def capped(**limits: int) -> Core:
    return Core(State(Limits(**limits)))


def refusal(core: Core, command: Command[Any]) -> tuple[str, str]:
    answer = core.ask(command)
    assert isinstance(answer, OperationError), answer
    return answer.code, answer.message


def refusable(request: SubmitJob) -> SubmitJob:
    return request.model_copy(update={"if_unrunnable": "refuse"})


def test_no_owner_has_more_waiting_jobs_than_the_operator_allows() -> None:
    core = capped(max_waiting_jobs_per_owner=2)
    core.job()

    assert refusal(core, a_batch(3))[0] == "batch_too_large", "it never fits"
    text = "1 of your jobs wait already, and a batch of 2 more is over 2"
    assert refusal(core, a_batch(2)) == ("too_many_waiting", text)
    core.job()
    text = "2 of your jobs wait already, and 2 may"
    assert refusal(core, a_submit()) == ("too_many_waiting", text)
    assert core.job(Actor(user_id=new_id())).status is JobStatus.QUEUED


def test_a_full_queue_tells_its_figures() -> None:
    core = capped(max_waiting_jobs=2)
    core.job()
    core.job()
    text = "the queue is full: 2 jobs of all owners wait already, and 2 may"
    assert refusal(core, a_submit()) == ("queue_full", text)
    text = "the queue is full: 2 jobs of all owners wait already, and a batch of 2 more is over 2"
    assert refusal(core, a_batch(2)) == ("queue_full", text)


def test_no_owner_has_more_running_jobs_than_the_operator_allows() -> None:
    core = capped(max_running_jobs_per_owner=2)
    for _ in range(5):
        core.node()
    free = [core.job() for _ in range(3)]
    core.job(max_running_jobs=9)
    other, lower = Actor(user_id=new_id()), Actor(user_id=new_id())

    assert [job.status for job in free].count(JobStatus.RUNNING) == 2
    assert core.state.placed_by_owner[OWNER.user_id] == 2
    assert core.job(other).status is JobStatus.RUNNING
    statuses = [core.job(lower, max_running_jobs=1).status for _ in range(2)]
    assert statuses == [JobStatus.RUNNING, JobStatus.QUEUED]


def test_a_job_is_refused_with_the_true_reason_where_no_node_can_run_anything() -> None:
    core = Core()
    code, text = refusal(core, refusable(a_submit()))
    assert (code, text) == (
        "unrunnable",
        "no node can run the job: no node is enabled and described",
    )


def test_an_address_that_is_taken_names_the_node() -> None:
    core = Core()
    core.node(name="gpu-1", base_url="http://10.0.0.7:8188")
    new = NewNode(name="gpu-2", base_url="http://10.0.0.7:8188/")
    text = "node gpu-1 has this address: http://10.0.0.7:8188"
    add = AddNode(actor=OWNER, node_id=new_id(), node=new)
    assert refusal(core, add) == ("node_exists", text)

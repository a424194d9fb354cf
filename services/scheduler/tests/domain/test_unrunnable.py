"""A caller may have a job refused that no node can run."""

from typing import TypeVar

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError
from contracts.scheduler.batches import BatchItem, SubmitBatch, SubmitBatchView
from contracts.scheduler.job_requests import Requirements, SubmitJob, SubmitJobView
from contracts.scheduler.jobs import JobStatus

from .core import Core, a_batch, a_model, a_submit

R = TypeVar("R", SubmitJob, SubmitBatch)


def refusable(request: R) -> R:
    return request.model_copy(update={"if_unrunnable": "refuse"})


def test_a_job_that_no_node_can_run_is_refused_with_what_the_best_one_lacks() -> None:
    core = Core()
    core.node(models=[a_model("have")])
    request = a_submit(models=[a_model("have"), a_model("lack")])

    refused = core.ask(refusable(request))

    assert isinstance(refused, ConflictError)
    assert refused.code == "unrunnable"
    [error] = refused.errors
    assert (error.path, error.code) == ("workflow", "unmet")
    assert error.params == {"kind": "model", "name": "checkpoints/lack"}
    assert not core.state.jobs
    assert not core.effects.needs_commit
    assert isinstance(core.ask(request), SubmitJobView), "it may still wait"


def test_a_batch_is_refused_as_a_whole_with_the_first_item_that_no_node_can_run() -> None:
    core = Core()
    core.node(models=[a_model("have")])
    required = [Requirements(models=frozenset([a_model(name)])) for name in ("have", "lack")]
    items = [BatchItem(requirements=number) for number in (0, 0, 1, 1)]
    batch = a_batch(4, requirements=required).model_copy(update={"items": items})

    refused = core.ask(refusable(batch))

    assert isinstance(refused, ConflictError)
    assert (refused.code, refused.message) == ("unrunnable", "items.2: no node can run the job")
    assert [error.path for error in refused.errors] == ["items.2.workflow"]
    assert not core.state.jobs
    assert not core.effects.needs_commit
    assert isinstance(core.ask(refusable(a_batch(2))), SubmitBatchView)
    assert isinstance(core.ask(batch), SubmitBatchView), "it may still wait"


def test_an_empty_fleet_can_run_nothing() -> None:
    assert Core().refusal(refusable(a_submit())) == "unrunnable"
    assert Core().refusal(refusable(a_batch(2))) == "unrunnable"


def test_a_job_that_a_busy_node_can_run_waits_for_it() -> None:
    core = Core()
    core.node()
    core.job()

    answer = core.ask(refusable(a_submit()))

    assert isinstance(answer, SubmitJobView)
    assert answer.job.status is JobStatus.QUEUED


def test_an_accepted_job_is_replayed_although_no_node_can_run_it_now() -> None:
    core, key = Core(), IdempotencyKey(key="k", body_digest="d")
    node = core.node(models=[a_model("m")])
    first = core.ask(refusable(a_submit(models=[a_model("m")], key=key)))
    core.report(node, models=[], vram_mb=8_000)
    assert core.refusal(refusable(a_submit(models=[a_model("m")]))) == "unrunnable"

    again = core.ask(refusable(a_submit(models=[a_model("m")], key=key)))

    assert isinstance(first, SubmitJobView)
    assert isinstance(again, SubmitJobView)
    assert again.job.id == first.job.id

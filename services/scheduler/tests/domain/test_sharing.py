from datetime import UTC, datetime

from contracts.scheduler.job_requests import NewJob, Requirements
from contracts.values import new_id
from scheduler.domain.jobs import Job
from scheduler.domain.state import State


def a_job(model: str) -> Job:
    """Read a job as the ledger does, with objects of its own."""
    needed = {"classes": ["KSampler"], "models": [{"folder": "loras", "name": model}]}
    spec = NewJob(
        job_id=new_id(),
        workflow="w@1",
        version_hash="h",
        requirements=Requirements.model_validate(needed),
    )
    return Job(spec, new_id(), datetime.now(UTC))


def test_waiting_jobs_of_one_version_share_equal_requirements() -> None:
    state, first, second, other = State(), a_job("a"), a_job("a"), a_job("b")
    for job in (first, second, other):
        state.add_job(job)

    assert second.request.requirements is first.request.requirements
    assert [model.name for model in other.request.requirements.models] == ["b"]

from datetime import UTC, datetime

from contracts.scheduler.job_requests import NewJob
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.grants import verify
from scheduler.adapters.bus_agents import BusAgents
from scheduler.domain.jobs import Attempt, Job

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "s" * 32


async def test_a_grant_says_by_what_its_results_are_found_and_whether_they_are_bare() -> None:
    spec = NewJob(
        job_id=new_id(),
        workflow="sky@2",
        version_hash="h",
        labels={"for": "a poster"},
        is_bare=True,
    )
    job = Job(spec, owner_id=new_id(), created_at=NOW)
    attempt = Attempt(new_id(), job, node_id=new_id(), number=1, created_at=NOW)
    agents = BusAgents(Bus("scheduler"), 1, SECRET, lambda _: None)
    grant = verify(agents.write_order(attempt).grant, SECRET, NOW)
    assert (grant.workflow, grant.labels, grant.is_bare) == ("sky@2", {"for": "a poster"}, True)

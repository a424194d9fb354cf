"""The times of graph nodes over HTTP."""

from uuid import uuid4

from contracts.errors import NotFoundError
from contracts.scheduler.timings import (
    AttemptView,
    FindTimings,
    GraphNodeTiming,
    Timings,
    TimingsView,
)
from runtime.testing.servers import NatsServer

from .fleet import a_fleet
from .owners import NOW

JOB_ID = uuid4()


async def find(query: FindTimings) -> TimingsView:
    if query.job_id != JOB_ID:
        raise NotFoundError("there is no such job")
    timings = Timings(
        graph_nodes=[GraphNodeTiming(graph_node="3", graph_node_class="KSampler", seconds=2.5)],
        graph_node_count=1,
        is_whole=True,
    )
    attempt = AttemptView(
        number=1,
        node_id=uuid4(),
        created_at=NOW,
        ended_at=NOW,
        outcome="completed",
        cause=None,
        executed_seconds=3.0,
        timings=timings,
    )
    return TimingsView(attempts=[attempt])


async def test_the_attempts_of_a_job_come_with_the_times_of_their_graph_nodes(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        await fleet.scheduler.bus.serve(FindTimings, find)
        answer = await fleet.client.get(f"/v1/jobs/{JOB_ID}/timings")
        other = await fleet.client.get(f"/v1/jobs/{uuid4()}/timings")

    [attempt] = answer.json()["attempts"]
    [graph_node] = attempt["timings"]["graph_nodes"]
    assert (graph_node["graph_node_class"], graph_node["seconds"]) == ("KSampler", 2.5)
    assert attempt["timings"]["load_seconds"] is None
    assert other.status_code == 404

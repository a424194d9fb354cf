"""An operator looks at the fleet as a whole, and pauses and resumes the dispatch."""

from datetime import UTC, datetime

from contracts.access import Permission, Priority
from contracts.scheduler.dispatch import (
    DispatchView,
    FindOverview,
    OverviewView,
    PauseDispatch,
    ResumeDispatch,
)
from contracts.scheduler.nodes import NodePhase
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FakeDispatch:
    """Keeps the pause as the scheduler does."""

    def __init__(self) -> None:
        self.view = DispatchView(is_paused=False)

    async def serve(self, fleet: Fleet) -> None:
        bus = fleet.scheduler.bus
        await bus.serve(PauseDispatch, self.pause)
        await bus.serve(ResumeDispatch, self.resume)
        await bus.serve(FindOverview, self.overview)

    async def pause(self, command: PauseDispatch) -> DispatchView:
        self.view = DispatchView(
            is_paused=True, paused_by=command.actor.user_id, paused_at=NOW, reason=command.reason
        )
        return self.view

    async def resume(self, _: ResumeDispatch) -> DispatchView:
        self.view = DispatchView(is_paused=False)
        return self.view

    async def overview(self, _: FindOverview) -> OverviewView:
        return OverviewView(
            dispatch=self.view,
            node_count_by_phase={NodePhase.READY: 1},
            waiting_job_count_by_priority={Priority.BATCH: 2},
            running_job_count_by_priority={},
            oldest_wait_seconds=3.0,
            owners=[],
        )


async def test_an_operator_pauses_and_resumes_and_sees_it(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeDispatch().serve(fleet)
        pause, client = "/v1/admin/dispatch/pause", fleet.client
        bare = await client.post(pause)
        paused = await client.post(pause, json={"reason": "new drivers"})
        seen = (await client.get("/v1/admin/overview")).json()
        resumed = await client.post("/v1/admin/dispatch/resume")
        wrong = await client.post(pause, json={"reason": "x" * 301})

    assert (bare.status_code, bare.json()["reason"]) == (200, None)
    assert paused.json()["paused_by"] == str(fleet.user_id)
    assert seen["dispatch"] == paused.json()
    assert seen["node_count_by_phase"] == {"ready": 1}
    assert resumed.json()["is_paused"] is False
    assert wrong.status_code == 422


async def test_it_is_for_operators_alone(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        reader = fleet.headers([Permission.NODES_READ])
        user = fleet.headers([Permission.JOBS_RUN])
        answers = [
            await fleet.client.post("/v1/admin/dispatch/pause", headers=reader),
            await fleet.client.post("/v1/admin/dispatch/resume", headers=reader),
            await fleet.client.get("/v1/admin/overview", headers=user),
        ]

    assert [answer.status_code for answer in answers] == [403] * 3

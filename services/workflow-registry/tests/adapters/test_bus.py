"""The scheduler's jobs over a real bus."""

from contracts.scheduler.job_requests import ListNeededGraphs, NeededGraphs
from runtime.testing.servers import NatsServer
from workflow_registry.adapters.bus import BusJobs

from ..running import a_bus  # noqa: TID252  shared by these tests alone

PAGES = {
    None: NeededGraphs(hashes=["a", "b"], next_cursor="b"),
    "b": NeededGraphs(hashes=["c", "d"], next_cursor="d"),
    "d": NeededGraphs(hashes=[], next_cursor=None),
}


async def answer(query: ListNeededGraphs) -> NeededGraphs:
    return PAGES[query.cursor]


async def test_needed_graphs_are_read_to_the_last_page(nats: NatsServer) -> None:
    async with a_bus(nats, "scheduler") as scheduler, a_bus(nats, "workflow-registry") as bus:
        await scheduler.serve(ListNeededGraphs, answer)

        assert await BusJobs(bus).needed_graphs() == {"a", "b", "c", "d"}

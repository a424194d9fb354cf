"""The answers about the dispatch and the fleet as a whole, as large as they can be."""

from collections.abc import Iterable

from pydantic import BaseModel

from contracts.access import Priority
from contracts.scheduler.dispatch import MOST_OWNERS, DispatchView, OverviewView, OwnerLoad
from contracts.scheduler.nodes import NodePhase

from .largest_registry_answers import ID, TIME, text

DISPATCH = DispatchView(is_paused=True, paused_by=ID, paused_at=TIME, reason=text(999))
OVERVIEW_ANSWERS: Iterable[BaseModel] = (
    DISPATCH,
    OverviewView(
        dispatch=DISPATCH,
        node_count_by_phase=dict.fromkeys(NodePhase, 2**31),
        waiting_job_count_by_priority=dict.fromkeys(Priority, 2**31),
        running_job_count_by_priority=dict.fromkeys(Priority, 2**31),
        oldest_wait_seconds=1 / 3,
        owners=[OwnerLoad(owner_id=ID, waiting_job_count=2**31, oldest_created_at=TIME)]
        * MOST_OWNERS,
    ),
)

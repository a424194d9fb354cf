"""Weighs occurrences: a step and its commit hold up the leader for as long as they write."""

from typing import Any

from contracts.message import Command
from contracts.scheduler.batches import MOST_ITEMS, CancelBatch, SubmitBatch
from contracts.scheduler.claims import ReportCapabilities
from scheduler.domain.batches import bytes_of
from scheduler.domain.occurrences import Occurrence, Requested
from scheduler.domain.state import State

UNIT_BYTES = 4_096
"""Bytes of rows that weigh as much as a job."""
PAGE_UNITS = 512 * 1024 // UNIT_BYTES
"""Weight of an earlier page of a description; the last page writes all of them."""


def weight(state: State, item: Occurrence) -> int:
    """Return how many jobs the occurrence may change; each `UNIT_BYTES` count as one more."""
    return weight_of(state, item.command) if isinstance(item, Requested) else 1


def weight_of(state: State, command: Command[Any]) -> int:
    match command:
        case SubmitBatch(items=items):
            return len(items) + bytes_of(command) // UNIT_BYTES
        case CancelBatch(batch_id=batch_id):
            return 1 + state.unfinished_of_batch[batch_id] + min(len(state.unread), MOST_ITEMS)
        case ReportCapabilities(page=page):
            return units(command) + page * PAGE_UNITS
        case _:
            return units(command)


def units(command: Command[Any]) -> int:
    """Return the weight of a command whose rows have about as many bytes as itself."""
    return 1 + len(command.model_dump_json()) // UNIT_BYTES

"""The rules of admission: whom to obey, what to remember, what to claim."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from contracts.agent import CancelAttempt
from contracts.errors import OperationError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.nodes import NodeEntry
from contracts.values import new_id
from node_agent.domain.admission import (
    Leadership,
    is_taken_away,
    may_claim,
    refuse_excess,
    refuse_stale,
)
from node_agent.domain.memory import id_memory

ME, OTHER = new_id(), new_id()


def an_entry(
    *,
    agent_id: UUID | None = None,
    is_claimable: bool = True,
    enabled: bool = True,
    pool: str = "default",
    claim: int = 0,
) -> NodeEntry:
    return NodeEntry(
        node_id=new_id(),
        name="n",
        base_url="http://127.0.0.1:8188",
        agent_id=agent_id,
        is_claimable=is_claimable,
        is_enabled=enabled,
        pool=pool,
        claim=claim,
    )


def code(check: Callable[[], None]) -> str | None:
    try:
        check()
    except OperationError as error:
        return error.code
    return None


def staleness(claim: int, epoch: int) -> str | None:
    """The code that a command gets from an agent with claim 3 that knows epoch 5."""
    command = CancelAttempt(node_id=ME, claim=claim, epoch=epoch, attempt_id=OTHER)
    return code(lambda: refuse_stale(3, 5, command))


def refusal(phases: Sequence[AttemptPhase] = (), *, is_usable: bool = True) -> str | None:
    return code(lambda: refuse_excess(phases, is_led=True, is_usable=is_usable))


def test_only_the_newest_claim_and_epoch_are_obeyed() -> None:
    assert staleness(claim=2, epoch=5) == "stale_claim"
    assert staleness(claim=4, epoch=5) == "stale_claim"
    assert staleness(claim=3, epoch=4) == "stale_epoch"
    assert staleness(claim=3, epoch=6) is None


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([], None),
        ([AttemptPhase.POSTED], None),
        ([AttemptPhase.POSTED, AttemptPhase.PREPARING], "no_room"),
        ([AttemptPhase.PREPARING, AttemptPhase.PREPARING], "no_room"),
        ([AttemptPhase.UPLOADING] * 8 + [AttemptPhase.POSTED], None),
    ],
)
def test_one_runs_and_one_is_prepared(phases: list[AttemptPhase], expected: str | None) -> None:
    assert refusal(phases) == expected


def test_a_node_that_adopts_says_so_and_not_that_its_engine_is_silent() -> None:
    assert refusal([AttemptPhase.ADOPTING]) == "adopting"
    assert refusal([AttemptPhase.ADOPTING], is_usable=False) == "unreachable"


def test_a_leader_heard_again_is_obeyed_only_after_the_messages_that_queued() -> None:
    leadership = Leadership()
    leadership.heard(1, 10.0)
    assert leadership.is_present(10.0)
    leadership.heard(1, 16.0)
    leadership.heard(2, 16.5)
    assert not leadership.is_present(16.9)
    assert leadership.is_present(17.0)


def test_a_leader_is_present_for_four_seconds_and_older_epochs_do_not_count() -> None:
    leadership = Leadership()
    leadership.heard(5, now=10.0)
    leadership.heard(4, now=13.0)

    assert leadership.is_present(14.0)
    assert not leadership.is_present(14.1)
    assert leadership.epoch == 5


def test_memory_forgets_with_time_and_when_full() -> None:
    now = [0.0]
    memory = id_memory(10, lambda: now[0], max_ids=2)
    a, b, c = new_id(), new_id(), new_id()
    for now[0], added in enumerate((a, b, a, c)):
        memory[added] = None

    now[0] = 4.0
    assert [key in memory for key in (a, b, c)] == [True, False, True]
    now[0] = 12.5
    assert a not in memory


def test_a_node_is_claimed_when_nobody_has_it_or_it_is_ours_already() -> None:
    assert may_claim(an_entry(), ME, "default", "box")
    assert may_claim(an_entry(is_claimable=False, agent_id=ME), ME, "default", "box")
    assert not may_claim(an_entry(is_claimable=False, agent_id=OTHER), ME, "default", "box")
    assert not may_claim(an_entry(enabled=False), ME, "default", "box")
    assert not may_claim(an_entry(pool="eu"), ME, "default", "box")
    assert is_taken_away(an_entry(agent_id=OTHER, claim=4), ME, claim=3)
    assert not is_taken_away(an_entry(agent_id=OTHER, claim=2), ME, claim=3)

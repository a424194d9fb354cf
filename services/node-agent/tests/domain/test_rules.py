"""The small rules: whom to obey, what to remember, what to claim, when a worker is dead."""

from uuid import UUID

import pytest

from contracts.errors import OperationError
from contracts.scheduler.nodes import AttemptPhase, NodeSpec
from contracts.values import new_id
from node_agent.domain.admission import Standing, refusal, stale
from node_agent.domain.capabilities import describe
from node_agent.domain.claiming import is_taken_away, may_claim
from node_agent.domain.leadership import Leadership
from node_agent.domain.memory import Memory
from node_agent.domain.vitals import QueueView, Vitals

ME, OTHER = new_id(), new_id()
WELL = Standing(claim=3, epoch=5, is_led=True, is_reachable=True)


def a_spec(
    *,
    agent_id: UUID | None = None,
    is_claimable: bool = True,
    enabled: bool = True,
    pool: str = "default",
    claim: int = 0,
) -> NodeSpec:
    return NodeSpec(
        node_id=new_id(),
        name="n",
        base_url="http://127.0.0.1:8188",
        agent_id=agent_id,
        is_claimable=is_claimable,
        is_enabled=enabled,
        pool=pool,
        claim=claim,
    )


def code(error: OperationError | None) -> str | None:
    return error.code if error else None


def test_only_the_newest_claim_and_epoch_are_obeyed() -> None:
    assert code(stale(WELL, claim=2, epoch=5)) == "stale_claim"
    assert code(stale(WELL, claim=4, epoch=5)) == "stale_claim"
    assert code(stale(WELL, claim=3, epoch=4)) == "stale_epoch"
    assert stale(WELL, claim=3, epoch=6) is None


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
    assert code(refusal(WELL, phases)) == expected


def test_a_leader_is_present_for_four_seconds_and_older_epochs_do_not_count() -> None:
    leadership = Leadership()
    leadership.heard(5, now=10.0)
    leadership.heard(4, now=13.0)

    assert leadership.is_present(14.0)
    assert not leadership.is_present(14.1)
    assert leadership.epoch == 5


def test_memory_forgets_with_time_and_when_full() -> None:
    memory = Memory[str](seconds=10, most=2)
    memory.add("a", 0)
    memory.add("b", 1)
    memory.add("a", 2)
    memory.add("c", 3)

    assert [memory.has(key, 4) for key in "abc"] == [True, False, True]
    assert not memory.has("a", 12.5)


def test_a_node_is_claimed_when_nobody_has_it_or_it_is_ours_already() -> None:
    assert may_claim(a_spec(), ME, "default")
    assert may_claim(a_spec(is_claimable=False, agent_id=ME), ME, "default")
    assert not may_claim(a_spec(is_claimable=False, agent_id=OTHER), ME, "default")
    assert not may_claim(a_spec(enabled=False), ME, "default")
    assert not may_claim(a_spec(pool="eu"), ME, "default")
    assert is_taken_away(a_spec(agent_id=OTHER, claim=4), ME, claim=3)
    assert not is_taken_away(a_spec(agent_id=OTHER, claim=2), ME, claim=3)


def test_a_prompt_that_runs_without_starting_a_graph_node_means_a_dead_worker() -> None:
    vitals, queue = Vitals(dead_after_seconds=100), QueueView(running=("a",))
    for now in (0, 50, 99):
        vitals.saw(queue, now, has_started=False)
        assert not vitals.is_dead
    vitals.saw(queue, 100, has_started=False)
    assert vitals.is_dead

    vitals.saw(queue, 101, has_started=True)
    assert vitals.is_dead, "only a restart revives it"
    vitals.saw(QueueView(), 102, has_started=False)
    assert not vitals.is_dead


def test_prompts_that_wait_while_none_runs_tell_it_sooner() -> None:
    vitals, queue = Vitals(dead_after_seconds=100), QueueView(pending=("a", "b"))
    vitals.saw(queue, 0, has_started=False)
    vitals.saw(queue, 10, has_started=False)

    assert vitals.is_dead


def test_another_prompt_in_front_is_a_sign_of_life() -> None:
    vitals = Vitals(dead_after_seconds=100)
    vitals.saw(QueueView(running=("a",)), 0, has_started=False)
    vitals.saw(QueueView(running=("b",)), 99, has_started=False)
    vitals.saw(QueueView(running=("b",)), 150, has_started=False)

    assert not vitals.is_dead


def test_a_digest_follows_from_what_is_there_and_not_from_its_order() -> None:
    one = describe("1", {"B": {}, "A": {}}, {"vae": ["y", "x"], "custom_nodes": ["z"]})
    two = describe("1", {"A": {}, "B": {}}, {"custom_nodes": [], "vae": ["x", "y"]})

    assert one == two
    assert one.capabilities.digest != describe("1", {"A": {}}, {}).capabilities.digest


def test_a_digest_does_not_follow_uploaded_files_and_does_follow_choices() -> None:
    def digest(files: list[str], choices: list[str]) -> str:
        inputs = {"image": [files, {"image_upload": True}], "crop": ["COMBO", {"options": choices}]}
        info = {"Mine": {"input": {"required": inputs}}}
        return describe("1", info, {}).capabilities.digest

    assert digest(["a.png"], ["on"]) == digest(["a.png", "b.png"], ["on"])
    assert digest(["a.png"], ["on"]) != digest(["a.png"], ["on", "off"])

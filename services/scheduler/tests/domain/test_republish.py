from contracts.agent import AttemptEnd, FinishAttempt, Outcome
from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.nodes import RemoveNode
from contracts.values import new_id
from scheduler.domain.core import republish
from scheduler.domain.effects import Effects
from scheduler.domain.node_entries import node_entry

from .core import OWNER, Core


def test_only_what_differs_is_put_and_what_is_not_ours_is_removed() -> None:
    core = Core()
    same, changed, gone = core.node(), core.node(), core.node()
    published = {node.id: node_entry(node, core.state.secret) for node in (same, changed, gone)}
    changed.claim += 1
    del core.state.nodes[gone.id]
    effects = Effects()

    republish(core.state, effects, published)

    assert effects.node_entries == {
        changed.id: node_entry(changed, core.state.secret),
        gone.id: None,
    }


def test_a_node_whose_row_cannot_be_read_keeps_its_entry_and_its_work() -> None:
    core = Core()
    node = core.node()
    published = {node.id: node_entry(node, core.state.secret)}
    del core.state.nodes[node.id]
    core.state.unreadable_nodes.add(node.id)
    effects = Effects()

    republish(core.state, effects, published)

    assert not effects.node_entries
    end = AttemptEnd(outcome=Outcome.COMPLETED)
    for command in (
        ClaimNode(agent_id=new_id(), node_id=node.id),
        FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=new_id(), end=end),
        RemoveNode(actor=OWNER, node_id=node.id),
    ):
        assert core.refusal(command) == "node_unreadable"

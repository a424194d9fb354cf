from scheduler.domain.core import republish
from scheduler.domain.effects import Effects
from scheduler.domain.node_entries import node_entry

from .core import Core


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

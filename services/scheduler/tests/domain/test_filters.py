"""Filters and scores: placement and the answers about it follow the same lists."""

from contracts.access import Actor
from contracts.scheduler.claims import NodeBeat
from contracts.values import new_id
from scheduler.domain.availability import NODE_FILTERS, is_free, reason_not_free
from scheduler.domain.nodes import Node
from scheduler.domain.obstacles import first_obstacle
from scheduler.domain.requirements import KIND_FILTERS, eligible_nodes
from scheduler.domain.scores import best
from scheduler.domain.startable import kind_of

from .core import OWNER, Core, a_model


def test_a_node_is_free_if_and_only_if_no_filter_objects() -> None:
    core = Core()
    nodes = [core.node() for _ in range(6)]
    ready, disabled, resting, full, leftover, busy = nodes
    disabled.settings = disabled.settings.model_copy(update={"is_enabled": False})
    resting.rests_until = core.seconds + 5
    full.contact.foreign_prompts = full.settings.max_queue
    leftover.contact.leftover_prompts = 1
    context = core.read_context()
    free = [node for node in nodes if is_free(context, node)]
    codes = [obstacle_of(core, node) for node in nodes]

    assert free == [ready, busy]
    assert codes == [None, "disabled", "resting", "foreign_work", "stopping", None]
    assert [reason_not_free(context, node) is None for node in nodes] == [
        node in free for node in nodes
    ]
    core.job(Actor(user_id=new_id()))
    core.job(Actor(user_id=new_id()))
    assert {obstacle_of(core, node) for node in free} == {"busy"}


def obstacle_of(core: Core, node: Node) -> str | None:
    obstacle = first_obstacle(NODE_FILTERS, core.read_context(), node)
    return obstacle.code if obstacle else None


def test_a_node_is_eligible_if_and_only_if_no_filter_of_the_kind_objects() -> None:
    core, wanted = Core(), [a_model(name) for name in "abcde"]
    has_all, has_one = core.node(models=wanted), core.node(models=wanted[:1])
    core.say(NodeBeat(node_id=has_all.id, claim=has_all.claim, is_reachable=False))
    kind = kind_of(core.job(OWNER, wanted))

    assert eligible_nodes(core.state, kind) == {has_all.id}
    assert first_obstacle(KIND_FILTERS, has_all, kind) is None
    obstacle = first_obstacle(KIND_FILTERS, has_one, kind)
    assert obstacle
    lacks = "checkpoints/b, checkpoints/c, checkpoints/d and 1 more"
    assert (obstacle.code, obstacle.message) == ("missing", f"lacks {lacks}")


def test_an_earlier_score_decides_before_all_later_ones() -> None:
    core = Core()
    plain, important, used = core.node(), core.node(priority=5), core.node(priority=9)
    used.contact.foreign_prompts = 1
    kind = kind_of(core.job(OWNER, [a_model("nowhere")]))

    assert best(kind, [plain, important, used]) is important
    assert best(kind, [plain, used]) is plain
    assert best(kind, []) is None

"""A node's view shows the load that its newest beat tells."""

from scheduler.domain.views import node_view

from .core import Core


def test_the_newest_beat_tells_the_load_of_a_node() -> None:
    core = Core()
    node = core.node()
    load = {"gpu_load": 0.5, "busy_fraction": 0.25, "vram_free_mb": 1_234}
    for told in (load, dict.fromkeys(load)):
        core.say(core.beat(node).model_copy(update=told))
        view = node_view(core.read_context(), node)

        assert {name: getattr(view, name) for name in load} == told

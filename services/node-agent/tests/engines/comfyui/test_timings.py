"""Times of graph nodes follow from ComfyUI's events, and a gap is told as a gap."""

from typing import Any

from contracts.scheduler.timings import MOST_GRAPH_NODES, GraphNodeTiming, Timings
from node_agent.engines.comfyui.events import PromptEvent
from node_agent.engines.comfyui.timings import GraphNodeClock

CLASSES = {id_: f"Class{id_}" for id_ in "1234"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def heard(*steps: PromptEvent | float | None) -> GraphNodeClock:
    """Take events while time passes: a number is so many seconds, None a lost connection."""
    clock = Clock()
    graph_nodes = GraphNodeClock(clock)
    for step in steps:
        match step:
            case PromptEvent():
                graph_nodes.hear(step)
            case None:
                graph_nodes.lose()
            case _:
                clock.now += step
    return graph_nodes


def event(**fields: Any) -> PromptEvent:
    return PromptEvent("p", **fields)


def timings_of(graph_nodes: GraphNodeClock, *loaders: str) -> Timings:
    found = graph_nodes.timings(CLASSES, loaders)
    assert found
    return found


def timing(id_: str, seconds: float | None, *, is_cached: bool = False) -> GraphNodeTiming:
    return GraphNodeTiming(
        graph_node=id_, graph_node_class=f"Class{id_}", seconds=seconds, is_cached=is_cached
    )


def test_a_graph_node_takes_the_time_until_the_next_one_starts() -> None:
    kept, end = event(cached=frozenset("1")), event(is_over=True)
    graph_nodes = heard(event(), kept, event(started="2"), 2.0, event(started="3"), 5.0, end, 9.0)

    found = timings_of(graph_nodes, "2")

    cached = timing("1", 0.0, is_cached=True)
    assert found.graph_nodes == [timing("3", 5.0), timing("2", 2.0), cached]
    assert (found.graph_node_count, found.is_whole, found.load_seconds) == (3, True, 2.0)


def test_a_graph_node_that_runs_in_parts_counts_as_one() -> None:
    two, three = event(started="2"), event(started="3")
    graph_nodes = heard(two, 1.0, two, 1.0, three, 4.0, two, 8.0, event(is_over=True))

    assert timings_of(graph_nodes).graph_nodes == [timing("2", 10.0), timing("3", 4.0)]


def test_no_time_stands_for_what_was_not_heard() -> None:
    graph_nodes = heard(event(), event(started="2"), 2.0, event(started="3"), 1.0, None, 7.0)
    graph_nodes.stop()

    found = timings_of(graph_nodes, "2")

    assert found.graph_nodes == [timing("2", 2.0), timing("3", None)]
    assert (found.is_whole, found.load_seconds) == (False, None)


def test_a_prompt_that_was_followed_from_its_middle_on_is_not_whole() -> None:
    found = timings_of(heard(None, event(started="3"), 1.0, event(is_over=True)))

    assert (found.graph_nodes, found.is_whole) == ([timing("3", 1.0)], False)


def test_models_that_the_server_still_had_took_no_time_to_load() -> None:
    assert timings_of(heard(event(), event(cached=frozenset("12"))), "1").load_seconds == 0.0


def test_nothing_is_told_of_a_prompt_that_was_not_heard() -> None:
    assert heard().timings(CLASSES, ["1"]) is None


def test_of_many_graph_nodes_the_longest_are_told() -> None:
    steps: list[PromptEvent | float] = []
    for number in range(MOST_GRAPH_NODES + 50):
        steps += [event(started=str(number)), 1.0 + number]
    found = timings_of(heard(*steps, event(is_over=True)))

    assert len(found.graph_nodes) == MOST_GRAPH_NODES
    assert found.graph_nodes[-1].graph_node == "50"
    assert found.graph_node_count == MOST_GRAPH_NODES + 50

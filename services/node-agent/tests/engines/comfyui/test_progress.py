import json
import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node_agent.engines.comfyui.events import (
    GraphNodeProgress,
    Previewed,
    PromptEvent,
    read_binary,
    read_text,
)
from node_agent.engines.comfyui.progress import PromptRun, advanced, progress_of, run_of

from .test_outcome import ANY_JSON

GRAPH: dict[str, Any] = {id_: {"class_type": f"Class{id_}", "inputs": {}} for id_ in "1234"}


def a_step(node: str, value: float, maximum: float, *, is_finished: bool = False) -> PromptEvent:
    return PromptEvent("p", steps=(GraphNodeProgress(node, node, value, maximum, is_finished),))


def after(*events: PromptEvent) -> PromptRun:
    run = run_of(GRAPH)
    for event in events:
        run = advanced(run, event)
    return run


def test_graph_nodes_count_by_their_time_and_a_running_one_by_its_steps() -> None:
    run = after(
        PromptEvent("p", cached=frozenset({"1", "other"})),
        a_step("2", 1, 1, is_finished=True),
        PromptEvent("p", started="3"),
        a_step("3", 5, 10),
    )
    progress = progress_of(run)

    assert progress.fraction == 0.5  # the first need not run
    assert (progress.step, progress.steps) == (5, 10)
    assert (progress.graph_node, progress.graph_node_class) == ("3", "Class3")
    assert (progress.graph_nodes_done, progress.graph_nodes_total) == (2, 4)


def a_picture() -> dict[str, Any]:
    """Return the usual graph of a text-to-image job: its sampler takes 95 % of the time."""
    inputs: dict[str, Any] = {"KSampler": {"latent_image": ["5", 0], "steps": 20}}
    names = (
        *("CheckpointLoaderSimple", "CLIPTextEncode", "CLIPTextEncode", "EmptyLatentImage"),
        *("KSampler", "VAEDecode", "SaveImage"),
    )
    return {
        str(number): {"class_type": name, "inputs": inputs.get(name, {})}
        for number, name in enumerate(names, 1)
    }


def bar_between_first_and_last_step(run: PromptRun) -> float:
    for id_ in "1234":
        run = advanced(run, a_step(id_, 1, 1, is_finished=True))
    run = advanced(run, PromptEvent("p", started="5"))
    before = progress_of(run).fraction
    return progress_of(advanced(run, a_step("5", 20, 20))).fraction - before


def test_the_bar_moves_while_the_sampler_works() -> None:
    assert bar_between_first_and_last_step(run_of(a_picture())) > 0.8


def test_times_that_were_seen_on_the_server_replace_guesses() -> None:
    seen = {"KSampler": 10.0, "CheckpointLoaderSimple": 80.0, "VAEDecode": 10.0}
    moved = bar_between_first_and_last_step(run_of(a_picture(), seen))

    assert 0.09 < moved < 0.11


def test_a_run_of_kept_results_alone_is_complete() -> None:
    assert progress_of(after(PromptEvent("p", cached=frozenset("1234")))).fraction == 1


def test_an_expanded_graph_node_shows_as_the_one_people_know() -> None:
    run = after(
        PromptEvent("p", steps=(GraphNodeProgress("2.0.0.1", "2", 3, 4, is_finished=False),))
    )

    assert progress_of(run).graph_node == "2"
    assert progress_of(run).graph_nodes_done == 0


EVENTS = st.one_of(
    st.builds(PromptEvent, st.just("p")),
    st.builds(PromptEvent, st.just("p"), cached=st.frozensets(st.sampled_from("12345"))),
    st.builds(PromptEvent, st.just("p"), started=st.sampled_from("12345")),
    st.builds(a_step, st.sampled_from("12345"), st.floats(), st.floats()),
    st.just(PromptEvent("p", is_over=True)),
)


@given(st.lists(EVENTS, max_size=20))
def test_what_is_shown_never_goes_back(events: list[PromptEvent]) -> None:
    run = run_of(GRAPH)
    shown = 0.0
    for event in events:
        run = advanced(run, event)
        progress = progress_of(run)
        assert shown <= progress.fraction <= 1
        shown = progress.fraction


def test_events_are_read_as_comfyui_sends_them() -> None:
    start = '{"type": "execution_start", "data": {"prompt_id": "p", "timestamp": 1}}'
    end = '{"type": "executing", "data": {"node": null, "prompt_id": "p"}}'
    reconnect = '{"type": "executing", "data": {"node": "3"}}'
    progress = '{"type":"progress","data":{"value":1,"max":4,"prompt_id":"p","node":"3"}}'
    state = (
        '{"type":"progress_state","data":{"prompt_id":"p","nodes":{"2.0.0.1":{"value":1.0,'
        '"max":1.0,"state":"finished","node_id":"2.0.0.1","display_node_id":"2"}}}}'
    )

    assert read_text(start) == PromptEvent("p")
    assert read_text(end) == PromptEvent("p", is_over=True)
    assert read_text(reconnect) is None
    assert read_text(progress) == PromptEvent(
        "p", steps=(GraphNodeProgress("3", "3", 1, 4, is_finished=False),)
    )
    assert read_text(state) == PromptEvent(
        "p", steps=(GraphNodeProgress("2.0.0.1", "2", 1, 1, is_finished=True),)
    )


def test_previews_are_read_with_and_without_metadata() -> None:
    metadata = b'{"prompt_id": "p", "image_type": "image/jpeg"}'
    new = struct.pack(">II", 4, len(metadata)) + metadata + b"jpeg"

    assert read_binary(struct.pack(">II", 1, 2) + b"png") == Previewed(None, "image/png", b"png")
    assert read_binary(new) == Previewed("p", "image/jpeg", b"jpeg")
    assert read_binary(struct.pack(">II", 3, 1) + b"9text") is None


@given(st.text(), st.binary(max_size=40), ANY_JSON)
def test_nonsense_is_no_event(text: str, data: bytes, body: Any) -> None:
    read_text(text)
    read_binary(data)
    read_binary(struct.pack(">II", 4, 2) + data)
    for kind in ("executing", "progress", "progress_state", "execution_cached"):
        payload = {"prompt_id": "p", "nodes": body, "node": body, "value": body, "max": body}
        event = read_text(json.dumps({"type": kind, "data": payload}))
        if event:
            progress_of(advanced(run_of(GRAPH), event))

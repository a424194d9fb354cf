"""A session hears each step once, and learns how long classes take."""

from typing import Any

from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.connection import comfy_http
from node_agent.engines.comfyui.engine import ComfyUI
from node_agent.engines.comfyui.events import read_text
from node_agent.engines.comfyui.progress import run_of
from node_agent.engines.comfyui.session import Prompt
from node_agent.engines.comfyui.settings import ComfyUISettings
from node_agent.engines.comfyui.vitals import QueueView, Vitals
from node_agent.ports import EngineTask

GRAPH: dict[str, Any] = {id_: {"class_type": f"Class{id_}", "inputs": {}} for id_ in "123"}


async def heard(*messages: str) -> tuple[ComfyUI, list[Progress]]:
    """Return the session after these messages, and the progress that it passed on."""
    shown: list[Progress] = []
    task = EngineTask(new_id(), 60.0, shown.append, lambda _: None, lambda: False)
    entry = ClaimedNode(node_id=new_id(), name="n", base_url="http://127.0.0.1:1")
    async with comfy_http(entry, ComfyUISettings()) as http:
        session, prompt = ComfyUI(entry, http, Vitals(1.0)), Prompt(task, run_of(GRAPH))
        with session.following(prompt):
            for message in messages:
                event = read_text(message.replace("PROMPT", prompt.id))
                assert event
                session.hear(event)
    return session, shown


async def test_a_step_that_two_messages_tell_of_is_shown_once() -> None:
    start = '{"type":"executing","data":{"node":"2","prompt_id":"PROMPT"}}'
    state = (
        '{"type":"progress_state","data":{"prompt_id":"PROMPT","nodes":{"2":{"value":3.0,'
        '"max":9.0,"state":"running","node_id":"2","display_node_id":"2"}}}}'
    )
    step = '{"type":"progress","data":{"value":3,"max":9,"prompt_id":"PROMPT","node":"2"}}'
    _, shown = await heard(start, state, step)

    assert [progress.step for progress in shown] == [None, 3]


async def test_the_time_of_a_class_is_learned_when_the_next_graph_node_starts() -> None:
    starts = [
        f'{{"type":"executing","data":{{"node":"{id_}","prompt_id":"PROMPT"}}}}' for id_ in "123"
    ]
    session, _ = await heard(*starts)

    assert session.class_seconds.keys() == {"Class1", "Class2"}


async def test_a_prompt_that_has_begun_is_not_pending_though_an_older_look_saw_it_wait() -> None:
    entry = ClaimedNode(node_id=new_id(), name="n", base_url="http://127.0.0.1:1")
    task = EngineTask(new_id(), 60.0, lambda _: None, lambda _: None, lambda: False)
    async with comfy_http(entry, ComfyUISettings()) as http:
        session, prompt = ComfyUI(entry, http, Vitals(1.0)), Prompt(task)
        session.queue = QueueView(pending=(prompt.id,))
        with session.following(prompt):
            before = session.health().pending_ids
            start = f'{{"type":"executing","data":{{"node":"1","prompt_id":"{prompt.id}"}}}}'
            event = read_text(start)
            assert event
            session.hear(event)
            after = session.health().pending_ids

    assert (before, after) == ((prompt.id,), ())

"""A server that fails on a prompt is reachable: the prompt is looked for and never repeated."""

from typing import Any

import pytest

from contracts.agent import Cause
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.domain.endings import AttemptEndedError
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.canned import canned

from ...graphs import quick  # noqa: TID252  shared by these tests alone
from ..attempts import Heard, of  # noqa: TID252  shared by these tests alone

EMPTY: dict[str, Any] = {"queue_running": [], "queue_pending": []}


def answers_of(attempt: Heard, history: dict[str, Any]) -> dict[str, Any]:
    path = f"/history/{attempt.attempt_id}"
    return {"/prompt": 500, "/queue": EMPTY, path: history}


async def test_a_graph_that_the_server_fails_on_is_posted_once() -> None:
    attempt = of(quick())
    with canned(answers_of(attempt, {})) as server:
        node = ClaimedNode(node_id=new_id(), name="n", base_url=server.url)
        async with open_comfyui(node, ComfyUISettings()) as engine:
            with pytest.raises(AttemptEndedError) as ended:
                await attempt.run(engine)

        assert ended.value.end.cause is Cause.WORKFLOW
        assert server.seen.count("POST /prompt") == 1


async def test_a_prompt_that_was_queued_although_the_post_failed_is_followed() -> None:
    attempt = of(quick())
    entry: dict[str, Any] = {"status": {"status_str": "success", "messages": []}, "outputs": {}}
    with canned(answers_of(attempt, {str(attempt.attempt_id): entry})) as server:
        node = ClaimedNode(node_id=new_id(), name="n", base_url=server.url)
        async with open_comfyui(node, ComfyUISettings()) as engine:
            await attempt.run(engine)

        assert server.seen.count("POST /prompt") == 1

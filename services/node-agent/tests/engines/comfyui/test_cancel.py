"""A cancel is repeated until the prompt is gone: ComfyUI loses those that come while it starts."""

from collections.abc import Iterator, Mapping

from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.prompts import body_of
from node_agent.engines.comfyui.session import Prompt
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.canned import Canned, canned

from ...graphs import slow_steps  # noqa: TID252  shared by these tests alone
from ..attempts import of  # noqa: TID252  shared by these tests alone

TIMES = 8


class LosesTwoInterrupts(Mapping[str, object]):
    """Answers of a ComfyUI that runs a prompt until the third interrupt of it."""

    def __init__(self, prompt_id: str) -> None:
        self.running: list[object] = [[0, prompt_id, {}, {}, []]]
        self.server = Canned()

    def __getitem__(self, path: str) -> object:
        is_gone = self.server.seen.count("POST /interrupt") > 2
        queue: dict[str, object] = {
            "queue_running": [] if is_gone else self.running,
            "queue_pending": [],
        }
        return {"/queue": queue, "/interrupt": 200}[path]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


async def test_an_interrupt_that_comfyui_loses_is_sent_again() -> None:
    attempt_id = new_id()
    answers = LosesTwoInterrupts(str(attempt_id))
    with canned(answers) as answers.server:
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=answers.server.url)
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            assert await engine.cancel(attempt_id)

    assert answers.server.seen.count("POST /interrupt") == 3


async def test_a_cancel_at_the_moment_of_the_start_works_every_time(comfy_url: str) -> None:
    entry = ClaimedNode(node_id=new_id(), name="n", base_url=comfy_url)
    async with open_comfyui(entry, ComfyUISettings()) as engine:
        for _ in range(TIMES):
            attempt = of(slow_steps(steps=100))
            work = engine.prepare(attempt.task, attempt.version, {}, {})
            await engine.http.submit(body_of(engine, Prompt(attempt.task), work))
            assert await engine.cancel(attempt.attempt_id)
            assert not await engine.has_attempt(attempt.attempt_id)

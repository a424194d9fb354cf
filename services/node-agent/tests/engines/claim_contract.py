"""A whole claim on any engine: beats, orders, uploads and reports go the common way."""

import io
from typing import ClassVar

from PIL import Image

from contracts.agent import Cause, Outcome
from node_agent.ports import OpenEngine
from runtime.testing.ports import eventually

from ..fleet import Fleet, an_order  # noqa: TID252  shared by these tests alone
from ..graphs import raising, slow_steps  # noqa: TID252


class ClaimContract:
    name: ClassVar[str]
    open_engine: ClassVar[OpenEngine]

    async def test_a_claim_goes_from_beat_and_order_to_report(self, fleet: Fleet, url: str) -> None:
        order = an_order(await fleet.publish(slow_steps(steps=5)))
        spec = await fleet.add_node(url, engine=self.name)
        async with fleet.agent(engines={self.name: type(self).open_engine}):
            await fleet.ready(spec)
            await eventually(lambda: bool(fleet.capabilities))
            await fleet.run(spec, order)
            result = await fleet.outcome(order)
            await fleet.sees(spec, lambda beat: not beat.attempts and beat.foreign_prompts == 0)

        assert result.outcome is Outcome.COMPLETED, result
        assert (result.outputs[0].content_type, result.outputs[0].width) == ("image/png", 64)
        assert any(seen.progress.step for seen in fleet.progress)
        with Image.open(io.BytesIO(await fleet.media.bytes_of(order.grant))) as image:
            assert image.size == (64, 48)

    async def test_a_claim_reports_cancels_and_failures(self, fleet: Fleet, url: str) -> None:
        canceled = an_order(await fleet.publish(slow_steps(steps=200)))
        failing = an_order(await fleet.publish(raising("a reason")))
        spec = await fleet.add_node(url, engine=self.name)
        async with fleet.agent(engines={self.name: type(self).open_engine}):
            await fleet.ready(spec)
            await fleet.run(spec, canceled)
            await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
            await fleet.cancel(spec, canceled.attempt_id)
            assert (await fleet.outcome(canceled)).outcome is Outcome.CANCELED
            await fleet.run(spec, failing)
            assert (await fleet.outcome(failing)).cause is Cause.WORKFLOW

    async def test_the_next_agent_adopts_a_running_attempt(self, fleet: Fleet, url: str) -> None:
        order = an_order(await fleet.publish(slow_steps(steps=20)))
        spec = await fleet.add_node(url, engine=self.name)
        engines = {self.name: type(self).open_engine}
        async with fleet.agent(engines=engines):
            await fleet.ready(spec)
            await fleet.run(spec, order)
            await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
        assert order.attempt_id not in fleet.finished
        fleet.live = [order]
        async with fleet.agent(engines=engines):
            result = await fleet.outcome(order)

        assert result.outcome is Outcome.COMPLETED
        assert fleet.reports[-1].claim == 2

"""A store that fails while results come: what the GPU made is kept until it is stored."""

import io
from dataclasses import replace

from PIL import Image

from contracts.agent import Outcome
from runtime.testing.ports import eventually
from runtime.testing.relay import relay
from runtime.testing.servers import NatsServer, S3Server

from .fleet import a_fleet, an_order
from .graphs import quick


async def test_a_result_outlives_a_store_that_fails_and_is_made_once(
    nats: NatsServer, s3: S3Server, engine_url: str
) -> None:
    async with (
        relay(s3.endpoint) as store,
        relay(engine_url) as engine,
        a_fleet(nats, replace(s3, endpoint=store.endpoint)) as fleet,
    ):
        order = an_order(await fleet.publish(quick()))
        entry = await fleet.add_node(f"http://127.0.0.1:{engine.port}")
        async with fleet.agent():
            await fleet.ready(entry)
            store.mood = "errors"
            await fleet.run(entry, order)
            await eventually(lambda: store.refused >= 1)
            store.mood, before = "hangs up", store.refused
            await eventually(lambda: store.refused > before)
            assert not fleet.finished
            store.mood = "slow"
            end = await fleet.outcome(order)
        posts = [line for line in engine.seen if line.startswith(b"POST /prompt")]
        store.mood = "well"

        assert end.outcome is Outcome.COMPLETED, end
        assert len(posts) == 1
        with Image.open(io.BytesIO(await fleet.media.bytes_of(order.grant))) as picture:
            assert picture.size == (64, 48)


async def test_a_url_that_expired_is_replaced(
    nats: NatsServer, s3: S3Server, engine_url: str
) -> None:
    async with (
        relay(s3.endpoint) as store,
        a_fleet(nats, replace(s3, endpoint=store.endpoint)) as fleet,
    ):
        order = an_order(await fleet.publish(quick()))
        entry = await fleet.add_node(engine_url)
        async with fleet.agent():
            await fleet.ready(entry)
            store.answers.append(b"HTTP/1.1 403 Forbidden\r\n")
            await fleet.run(entry, order)
            end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED, end
    assert (store.refused, fleet.media.opened) == (1, 2)

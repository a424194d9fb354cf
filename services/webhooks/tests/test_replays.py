"""Deliveries are sent again when their owner asks, under the ids that they had."""

from datetime import timedelta
from functools import partial

import pytest

from contracts.errors import ConflictError, NotFoundError
from contracts.values import new_id
from contracts.webhooks.deliveries import ReplayDelivery, ReplayFailed
from contracts.webhooks.endpoints import UpdateWebhook
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.receiver import a_receiver
from runtime.testing.servers import NatsServer

from .fleet import an_actor, webhooks


async def test_one_delivery_is_sent_again_under_its_id(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor, stranger = an_actor(), an_actor()
    with a_receiver() as receiver:
        async with webhooks(nats, postgres) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            await fleet.complete(actor)
            await eventually(partial(fleet.have, actor, webhook_id, "delivered"))
            [delivery] = await fleet.deliveries(actor, webhook_id)
            replay = ReplayDelivery(actor=actor, webhook_id=webhook_id, delivery_id=delivery.id)
            for refused in (
                replay.model_copy(update={"actor": stranger}),
                replay.model_copy(update={"delivery_id": new_id()}),
            ):
                with pytest.raises(NotFoundError):
                    await fleet.gateway.call(refused)
            assert (await fleet.gateway.call(replay)).status == "waiting"
            await eventually(lambda: len(receiver.requests) == 2)
            await eventually(partial(fleet.have, actor, webhook_id, "delivered"))

            assert set(receiver.ids) == {str(delivery.id)}
            [again] = await fleet.deliveries(actor, webhook_id)
            assert (again.attempt_count, again.created_at) == (2, delivery.created_at)


async def test_all_that_failed_since_a_time_is_sent_again(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver(status=410) as receiver:
        async with webhooks(nats, postgres) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            await fleet.complete(actor, 3)
            await eventually(partial(fleet.have, actor, webhook_id, "failed", 3))
            fleet.clock.advance(hours=1)
            since = fleet.clock() - timedelta(minutes=1)
            await fleet.complete(actor, 4)
            await eventually(partial(fleet.have, actor, webhook_id, "failed", 7))
            replay = ReplayFailed(actor=actor, webhook_id=webhook_id, since=since)
            with pytest.raises(ConflictError) as disabled:
                await fleet.gateway.call(replay)
            assert disabled.value.code == "webhook_disabled"

            receiver.status = 200
            enabling = UpdateWebhook(actor=actor, webhook_id=webhook_id, is_enabled=True)
            await fleet.gateway.call(enabling)
            replayed = await fleet.gateway.call(replay)
            await eventually(partial(fleet.have, actor, webhook_id, "delivered", 4))

            assert (replayed.replayed_count, replayed.left_count) == (4, 0)
            assert await fleet.have(actor, webhook_id, "failed", 3)

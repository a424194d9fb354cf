"""The log of deliveries and the list of webhooks are read page by page."""

from functools import partial

import pytest

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, InvalidError
from contracts.values import new_id
from contracts.webhooks.deliveries import ListDeliveries
from contracts.webhooks.endpoints import CreateWebhook, ListWebhooks
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.receiver import a_receiver
from runtime.testing.servers import NatsServer

from .fleet import an_actor, webhooks


async def test_pages_show_each_delivery_and_each_webhook_once_newest_first(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver() as receiver:
        async with webhooks(nats, postgres) as fleet:
            first = (await fleet.create(actor, receiver.url)).webhook
            for count in (1, 2, 3):
                fleet.clock.advance(seconds=1)
                await fleet.complete(actor)
                await eventually(partial(fleet.have, actor, first.id, "delivered", count))
            found, cursor = list[str](), None
            while True:
                query = ListDeliveries(actor=actor, webhook_id=first.id, limit=2, cursor=cursor)
                page = await fleet.gateway.call(query)
                found += [one.event_id for one in page.items]
                if (cursor := page.next_cursor) is None:
                    break
            whole = await fleet.deliveries(actor, first.id)
            assert found == [one.event_id for one in whole]
            assert len(found) == 3

            fleet.clock.advance(seconds=1)
            second = (await fleet.create(actor, receiver.url)).webhook
            newest = await fleet.gateway.call(ListWebhooks(actor=actor, limit=1))
            oldest = ListWebhooks(actor=actor, limit=1, cursor=newest.next_cursor)
            assert [newest.items, (await fleet.gateway.call(oldest)).items] == [[second], [first]]
            wrong = ListWebhooks(actor=actor, cursor=query.cursor)
            with pytest.raises(InvalidError, match="next_cursor"):
                await fleet.gateway.call(wrong)


async def test_a_repeated_command_gets_the_secret_again_and_a_repeated_key_does_not(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with webhooks(nats, postgres) as fleet:
        key = IdempotencyKey(key="k", body_digest="d")
        url = "https://a.example/"
        command = CreateWebhook(actor=an_actor(), webhook_id=new_id(), url=url, idempotency=key)
        made = await fleet.gateway.call(command)
        assert await fleet.gateway.call(command) == made
        with pytest.raises(ConflictError) as refused:
            await fleet.gateway.call(command.model_copy(update={"webhook_id": new_id()}))
        assert refused.value.code == "idempotency_key_used"
        private = {"webhook_id": new_id(), "url": "http://10.0.0.1/", "idempotency": None}
        with pytest.raises(InvalidError):
            await fleet.gateway.call(command.model_copy(update=private))

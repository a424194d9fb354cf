"""Events of jobs reach receivers, whatever happens in between."""

import json
from functools import partial
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from contracts.errors import NotFoundError
from contracts.scheduler.job_events import JobStarted
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from contracts.webhooks.deliveries import ListDeliveries, SendTestEvent
from contracts.webhooks.endpoints import DeleteWebhook, FindWebhook, UpdateWebhook
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.receiver import a_receiver
from runtime.testing.servers import NatsServer

from .fleet import an_actor, completed, webhooks


async def test_an_event_is_one_request_that_the_reference_library_verifies(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver() as receiver:
        async with webhooks(nats, postgres) as fleet:
            made = await fleet.create(actor, receiver.url)
            started = JobStarted(
                **completed(actor, fleet.clock()).model_dump(exclude={"status", "version"}),
                status=JobStatus.RUNNING,
                version=2,
                node_id=new_id(),
                attempt=1,
            )
            await fleet.publish(started)
            [event] = await fleet.complete(actor)
            await eventually(partial(fleet.have, actor, made.webhook.id, "delivered"))

            [request], [delivery] = (
                receiver.requests,
                await fleet.deliveries(actor, made.webhook.id),
            )
            Webhook(made.secret).verify(request.body, request.headers)
            with pytest.raises(WebhookVerificationError):
                Webhook(made.secret).verify(request.body + b" ", request.headers)
            body = json.loads(request.body)
            assert (body["type"], body["data"]["job_id"]) == ("job.completed", str(event.job_id))
            assert body["timestamp"] == body["data"]["occurred_at"]
            assert request.headers["content-type"] == "application/json"
            assert (delivery.event_id, delivery.response_text) == (event.event_id(), "thanks")
            assert (str(delivery.id), delivery.response_status) == (request.id, 200)
            assert "secret" not in (await fleet.find(actor, made.webhook.id)).model_dump()


async def test_a_receiver_that_is_down_for_an_hour_gets_everything_once_it_is_back(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver(status=503) as receiver:
        async with webhooks(nats, postgres) as fleet:
            fleet.clock.advance(hours=-1)  # so that it ends at the time of the library's clock
            made = await fleet.create(actor, receiver.url)
            webhook_id = made.webhook.id
            await fleet.complete(actor, 10)
            pauses = ({"seconds": 6}, {"minutes": 6}, {"minutes": 34})
            for times, pause in enumerate(pauses, 1):
                await eventually(partial(fleet.were_tried, actor, webhook_id, times, 10))
                fleet.clock.advance(**pause)
            await eventually(partial(fleet.were_tried, actor, webhook_id, 4, 10))
            assert (await fleet.find(actor, webhook_id)).failing_since is not None

            receiver.status = 200
            fleet.clock.advance(minutes=20)  # an hour has passed
            await fleet.complete(actor)  # and a new event finds the receiver back
            await eventually(partial(fleet.have, actor, webhook_id, "delivered", 11))

            for request in receiver.requests[-11:]:
                Webhook(made.secret).verify(request.body, request.headers)
            assert len(set(receiver.ids[-11:])) == len(set(receiver.ids)) == 11, (
                "repetitions have the id of the first request"
            )
            assert len(receiver.ids) == 10 * 5 + 1
            assert (await fleet.find(actor, webhook_id)).failing_since is None


async def test_a_slow_receiver_holds_up_neither_others_nor_another_of_its_owner(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    slow, other = an_actor(), an_actor()
    with a_receiver(hangs=True) as hanging, a_receiver() as receiver:
        async with webhooks(nats, postgres, max_sending=8) as fleet:
            await fleet.create(slow, hanging.url)
            await fleet.complete(slow, 20)
            await eventually(lambda: hanging.waiting == 4)
            theirs = (await fleet.create(other, receiver.url)).webhook.id
            await fleet.complete(other, 3)
            await eventually(partial(fleet.have, other, theirs, "delivered", 3))

            assert hanging.waiting == 4
            hanging.released.set()
            await eventually(lambda: len(set(hanging.ids)) == 20)


async def test_another_owner_sees_and_changes_nothing(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor, stranger = an_actor(), an_actor()
    with a_receiver() as receiver:
        async with webhooks(nats, postgres) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            requests: list[Any] = [
                FindWebhook(actor=stranger, webhook_id=webhook_id),
                UpdateWebhook(actor=stranger, webhook_id=webhook_id, is_enabled=False),
                DeleteWebhook(actor=stranger, webhook_id=webhook_id),
                SendTestEvent(actor=stranger, webhook_id=webhook_id, test_id=new_id()),
                ListDeliveries(actor=stranger, webhook_id=webhook_id),
            ]
            for request in requests:
                with pytest.raises(NotFoundError):
                    await fleet.gateway.call(request)
            await fleet.complete(stranger)
            await fleet.complete(actor)
            await eventually(partial(fleet.have, actor, webhook_id, "delivered"))
            assert len(receiver.requests) == 1


async def test_a_test_is_sent_once_also_to_a_disabled_webhook(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver(status=500, body=b"\xff\0broken") as receiver:
        async with webhooks(nats, postgres) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            changes = UpdateWebhook(actor=actor, webhook_id=webhook_id, is_enabled=False)
            disabled = await fleet.gateway.call(changes)
            await fleet.complete(actor)
            test = SendTestEvent(actor=actor, webhook_id=webhook_id, test_id=new_id())
            sent = await fleet.gateway.call(test)
            again = await fleet.gateway.call(test)
            await eventually(partial(fleet.have, actor, webhook_id, "failed"))

            [delivery] = await fleet.deliveries(actor, webhook_id)
            assert sent.id == again.id == delivery.id
            assert disabled.disabled_reason == "owner"
            assert (delivery.event_type, delivery.attempt_count) == ("webhook.test", 1)
            assert (delivery.error, delivery.response_text) == (
                "the receiver answered 500",
                "�·broken",
            )
            assert json.loads(receiver.requests[0].body)["type"] == "webhook.test"
            assert (await fleet.find(actor, webhook_id)).failing_since is None

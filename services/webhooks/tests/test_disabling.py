"""A webhook whose receiver is gone is disabled, and its owner can tell."""

from functools import partial

from contracts.topology import EVENTS_STREAM
from contracts.webhooks.endpoints import UpdateWebhook, WebhookDisabled
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.receiver import a_receiver
from runtime.testing.servers import NatsServer

from .fleet import Fleet, an_actor, webhooks


async def last_notice(nats: NatsServer, owner_id: object) -> WebhookDisabled:
    subject = WebhookDisabled.pattern(owner_id=owner_id)
    async with administration(nats.url, nats.passwords[PROVISIONER]) as jetstream:
        message = await jetstream.get_last_msg(EVENTS_STREAM, subject)
    return WebhookDisabled.decode(subject, message.data or b"")


async def is_disabled(fleet: Fleet, *place: object) -> bool:
    return not (await fleet.find(*place)).is_enabled  # pyright: ignore[reportArgumentType]


async def test_410_disables_at_once_with_notice_and_what_follows_is_kept_as_failed(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver(status=410) as receiver:
        async with webhooks(nats, postgres) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            await fleet.complete(actor)
            await eventually(partial(is_disabled, fleet, actor, webhook_id))
            await fleet.complete(actor)
            await eventually(partial(fleet.have, actor, webhook_id, "failed", 2))

            disabled = await fleet.find(actor, webhook_id)
            found = await fleet.deliveries(actor, webhook_id)
            kept, gone = sorted(found, key=lambda one: one.attempt_count)
            assert (disabled.disabled_reason, disabled.disabled_at) == ("gone", fleet.clock())
            assert (gone.response_status, gone.attempt_count) == (410, 1)
            assert (kept.error, kept.attempt_count) == ("the webhook was disabled", 0)
            assert len(receiver.requests) == 1
            await eventually(partial(has_notice, nats, actor.user_id))
            notice = await last_notice(nats, actor.user_id)
            assert (notice.webhook_id, notice.reason) == (webhook_id, "gone")


async def has_notice(nats: NatsServer, owner_id: object) -> bool:
    try:
        await last_notice(nats, owner_id)
    except Exception:  # noqa: BLE001  nats-py has a class of its own for "no such message"
        return False
    return True


async def test_days_without_a_success_disable_and_the_owner_can_enable_again(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver(status=500) as receiver:
        async with webhooks(nats, postgres, disable_after_days=2) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            await fleet.complete(actor)
            await eventually(partial(fleet.were_tried, actor, webhook_id, 1))
            fleet.clock.advance(days=1)
            await eventually(partial(fleet.have, actor, webhook_id, "failed"))
            assert (await fleet.find(actor, webhook_id)).is_enabled
            fleet.clock.advance(days=1)
            await fleet.complete(actor)
            await eventually(partial(is_disabled, fleet, actor, webhook_id))
            assert (await fleet.find(actor, webhook_id)).disabled_reason == "failing"

            receiver.status = 200
            enabling = UpdateWebhook(actor=actor, webhook_id=webhook_id, is_enabled=True)
            enabled = await fleet.gateway.call(enabling)
            await fleet.complete(actor)
            await eventually(partial(fleet.have, actor, webhook_id, "delivered"))
            assert (enabled.disabled_reason, enabled.failing_since) == (None, None)


async def test_a_webhook_that_its_owner_disables_gives_up_what_waits(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    actor = an_actor()
    with a_receiver(status=500) as receiver:
        async with webhooks(nats, postgres) as fleet:
            webhook_id = (await fleet.create(actor, receiver.url)).webhook.id
            await fleet.complete(actor)
            await eventually(partial(fleet.were_tried, actor, webhook_id, 1))
            changes = UpdateWebhook(actor=actor, webhook_id=webhook_id, is_enabled=False)
            await fleet.gateway.call(changes)

            [given_up] = await fleet.deliveries(actor, webhook_id)
            assert (given_up.status, given_up.next_attempt_at) == ("failed", None)

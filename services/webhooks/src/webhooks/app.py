"""Webhooks' table of contents."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.scheduler.job_events import JobEvent
from contracts.webhooks.deliveries import (
    ListDeliveries,
    ReplayDelivery,
    ReplayFailed,
    SendTestEvent,
)
from contracts.webhooks.endpoints import (
    CreateWebhook,
    DeleteWebhook,
    FindWebhook,
    ListWebhooks,
    UpdateWebhook,
)
from contracts.webhooks.jobs import FindWebhookSecret, RegisterJobWebhook
from runtime.clock import now
from runtime.outbox.relay import Relay
from runtime.process.tables import (
    AnswerTable,
    Limited,
    SubscriptionTable,
    TickTable,
    serve,
    start_ticks,
)
from runtime.stateful import running_with_state
from webhooks.adapters.http_receivers import HttpReceivers
from webhooks.adapters.sealed_secrets import SealedSecrets
from webhooks.adapters.sql.endpoints import SqlEndpoints
from webhooks.adapters.sql.log import SqlDeliveries
from webhooks.adapters.sql.recording import SqlRecording
from webhooks.adapters.sql.retention import SqlRetention
from webhooks.adapters.sql.sending import SqlSending
from webhooks.domain.shares import Shares
from webhooks.handlers import endpoints, jobs, log, sending
from webhooks.service import Webhooks
from webhooks.settings import WebhooksSettings

ANSWERS: AnswerTable[Webhooks] = {
    CreateWebhook: endpoints.create_webhook,
    ListWebhooks: endpoints.list_webhooks,
    FindWebhook: endpoints.find_webhook,
    UpdateWebhook: endpoints.update_webhook,
    DeleteWebhook: endpoints.delete_webhook,
    SendTestEvent: endpoints.send_test_event,
    RegisterJobWebhook: jobs.register_job_webhook,
    FindWebhookSecret: jobs.find_webhook_secret,
    ListDeliveries: log.list_deliveries,
    ReplayDelivery: log.replay_delivery,
    ReplayFailed: log.replay_failed,
}
SUBSCRIPTIONS: SubscriptionTable[Webhooks] = {JobEvent: Limited(sending.record_event, 4)}
"""Receivers order events by their version, so several are recorded at one time."""
TICKS: TickTable[Webhooks] = {sending.send_due: 0.1, log.delete_old: 600.0}
STOP_SECONDS = 5.0
SETTLED_WITHIN = timedelta(seconds=15)
"""Time for the body of an answer, and to write the result down."""


def build(
    settings: WebhooksSettings,
    engine: AsyncEngine,
    relay: Relay,
    receivers: HttpReceivers,
    clock: Callable[[], datetime],
) -> Webhooks:
    return Webhooks(
        endpoints=SqlEndpoints(engine),
        recording=SqlRecording(engine),
        sending=SqlSending(engine, relay.nudge),
        deliveries=SqlDeliveries(engine),
        retention=SqlRetention(engine),
        receivers=receivers,
        seal=SealedSecrets(settings.seal_secret.get_secret_value()),
        clock=clock,
        shares=Shares(in_all=settings.max_sending, of_owner=max(4, settings.max_sending // 8)),
        patience=timedelta(days=settings.disable_after_days),
        claimed_for=timedelta(seconds=settings.receiver_seconds) + SETTLED_WITHIN,
        kept=timedelta(days=settings.keep_deliveries_days),
    )


async def run(settings: WebhooksSettings, clock: Callable[[], datetime] = now) -> None:
    """Serve until told to stop."""
    opened = HttpReceivers.open(settings.allowed_networks, settings.receiver_seconds)
    async with opened as receivers, running_with_state(settings, "webhooks") as state:
        runtime, engine, relay = state
        webhooks = build(settings, engine, relay, receivers, clock)
        await serve(runtime.bus, webhooks, ANSWERS, SUBSCRIPTIONS)
        start_ticks(runtime, webhooks, TICKS)
        try:
            await runtime.until_stopped()
        finally:
            await webhooks.flights.end(STOP_SECONDS)

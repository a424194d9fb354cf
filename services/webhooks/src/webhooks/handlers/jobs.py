"""Handles webhooks of single jobs, which are there before their job is."""

from contracts.message import Accepted
from contracts.webhooks.endpoints import ENDINGS
from contracts.webhooks.jobs import FindWebhookSecret, RegisterJobWebhook, WebhookSecret
from webhooks.domain.records import Webhook
from webhooks.handlers.endpoints import host_of
from webhooks.service import Webhooks

MAX_UNSEEN = 10_000
"""Webhooks of one owner whose job has not appeared."""


async def register_job_webhook(webhooks: Webhooks, command: RegisterJobWebhook) -> Accepted:
    """Keep the URL until the job ends; a repetition changes nothing."""
    webhook = Webhook(
        id=command.job_id,
        owner_id=command.actor.user_id,
        url=command.url,
        host=host_of(webhooks, command.url, "webhook"),
        event_types=ENDINGS,
        created_at=webhooks.clock(),
        is_of_job=True,
    )
    await webhooks.endpoints.add_of_job(webhook, MAX_UNSEEN)
    return Accepted()


async def find_webhook_secret(webhooks: Webhooks, query: FindWebhookSecret) -> WebhookSecret:
    """Return the owner's secret, which is derived and stored nowhere."""
    return WebhookSecret(secret=webhooks.seal.of_owner(query.actor.user_id))

"""Webhooks of single jobs, and the secret of their owner with which they are signed."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserCommand, UserQuery
from contracts.message import Accepted
from contracts.webhooks.endpoints import WebhookUrl


class RegisterJobWebhook(UserCommand[Accepted]):
    """Tell this URL when the job ends. Sent before the job is submitted; idempotent by `job_id`.

    A registration whose job never appears is deleted after a day. Errors: Invalid (`bad_url`),
    Conflict (`too_many_job_webhooks`, `webhook_id_taken`).
    """

    subject: ClassVar[str] = "command.webhooks.register_job_webhook.v1"
    job_id: UUID
    url: WebhookUrl


class WebhookSecret(BaseModel):
    """The secret with which webhooks of single jobs are signed; each user has one."""

    secret: str = Field(description="`whsec_` and the key in base64.")


class FindWebhookSecret(UserQuery[WebhookSecret]):
    """Find the actor's secret of webhooks of single jobs."""

    subject: ClassVar[str] = "query.webhooks.find_webhook_secret.v1"

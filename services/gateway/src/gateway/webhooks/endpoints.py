"""Endpoints of webhooks and of their deliveries."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from contracts.access import Actor, Permission
from contracts.values import new_id
from contracts.webhooks.deliveries import (
    DeliveryPage,
    DeliveryView,
    ListDeliveries,
    ReplayDelivery,
    ReplayFailed,
    ReplayView,
    SendTestEvent,
)
from contracts.webhooks.endpoints import (
    CreatedWebhook,
    CreateWebhook,
    DeleteWebhook,
    FindWebhook,
    ListWebhooks,
    UpdateWebhook,
    WebhookPage,
    WebhookView,
)
from contracts.webhooks.jobs import FindWebhookSecret, WebhookSecret
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeOnceKey, mark_created
from gateway.service import CurrentGateway
from gateway.webhooks.requests import (
    DeliveryFilters,
    DeliveryId,
    ReplayRequest,
    WebhookFilters,
    WebhookId,
    WebhookPatch,
    WebhookRequest,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

REPLAY_SECONDS = 20.0


@router.post(
    "",
    status_code=201,
    summary="Register a webhook",
    responses=refusals(
        "bad_url", "too_many_webhooks", "webhook_id_taken", "idempotency_key_used", "database_away"
    ),
)
async def create_webhook(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    webhook: Body[WebhookRequest],
    idempotency_key: MaybeOnceKey,
    answer: Response,
) -> CreatedWebhook:
    """The URL gets a POST for each event of the caller's jobs from now on.

    Requests are signed by the Standard Webhooks specification with the secret in the answer, which
    is not shown again: a repeat of the idempotency key is a 409. Any 2xx is a success; otherwise
    the request is repeated for a day, with pauses from seconds to hours. 410 disables the webhook,
    and so do days without a success. One user has at most 20.
    """
    command = CreateWebhook(
        actor=actor, webhook_id=new_id(), idempotency=idempotency_key, **webhook.__dict__
    )
    made = await gateway.bus.call(command)
    path = gateway.path(f"/v1/webhooks/{made.webhook.id}")
    mark_created(answer, path, is_replay=False, key=idempotency_key)
    return made


@router.get("", summary="List webhooks, newest first", responses=refusals("database_away"))
async def list_webhooks(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    filters: Annotated[WebhookFilters, Query()],
) -> WebhookPage:
    """Only the caller's own webhooks are listed, and not those of single jobs."""
    return await gateway.bus.call(ListWebhooks(actor=actor, **filters.__dict__))


# Must precede `/{webhook_id}`.
@router.get("/secret", summary="Show the secret of webhooks of single jobs")
async def get_webhook_secret(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)]
) -> WebhookSecret:
    """Each user has one; the requests to the `webhook` of a job are signed with it."""
    return await gateway.bus.call(FindWebhookSecret(actor=actor))


@router.get("/{webhook_id}", summary="Show a webhook", responses=refusals("database_away"))
async def get_webhook(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    webhook_id: WebhookId,
) -> WebhookView:
    """The secret is not shown."""
    return await gateway.bus.call(FindWebhook(actor=actor, webhook_id=webhook_id))


@router.patch(
    "/{webhook_id}", summary="Change a webhook", responses=refusals("bad_url", "database_away")
)
async def update_webhook(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    webhook_id: WebhookId,
    changes: Body[WebhookPatch],
) -> WebhookView:
    """A field that is left out stays as it is."""
    command = UpdateWebhook(actor=actor, webhook_id=webhook_id, **changes.__dict__)
    return await gateway.bus.call(command)


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Delete a webhook",
    responses=refusals("database_away"),
)
async def delete_webhook(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    webhook_id: WebhookId,
) -> None:
    """Its deliveries are deleted too, also those that wait."""
    await gateway.bus.call(DeleteWebhook(actor=actor, webhook_id=webhook_id))


@router.post(
    "/{webhook_id}/test",
    summary="Send a test event",
    responses=refusals("too_many_deliveries", "database_away"),
)
async def test_webhook(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    webhook_id: WebhookId,
) -> DeliveryView:
    """An event of type `webhook.test` is sent once, also if the webhook is disabled.

    The list of deliveries shows the result a moment later.
    """
    command = SendTestEvent(actor=actor, webhook_id=webhook_id, test_id=new_id())
    return await gateway.bus.call(command)


@router.get(
    "/{webhook_id}/deliveries",
    summary="List deliveries, newest first",
    responses=refusals("database_away"),
)
async def list_deliveries(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    webhook_id: WebhookId,
    filters: Annotated[DeliveryFilters, Query()],
) -> DeliveryPage:
    """Each delivery is one event, with the result of its last attempt; kept for 30 days."""
    query = ListDeliveries(actor=actor, webhook_id=webhook_id, **filters.__dict__)
    return await gateway.bus.call(query)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    summary="Send a delivery again",
    responses=refusals("webhook_disabled", "too_many_deliveries", "database_away"),
)
async def replay_delivery(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
) -> DeliveryView:
    """The receiver gets it under the id that it had, also if it was delivered before."""
    command = ReplayDelivery(actor=actor, webhook_id=webhook_id, delivery_id=delivery_id)
    return await gateway.bus.call(command)


@router.post(
    "/{webhook_id}/replay",
    summary="Send failed deliveries again",
    responses=refusals("webhook_disabled", "database_away"),
)
async def replay_failed(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    webhook_id: WebhookId,
    replay: Body[ReplayRequest],
) -> ReplayView:
    """All deliveries that failed and were created since a time, the oldest first; tests are not."""
    command = ReplayFailed(actor=actor, webhook_id=webhook_id, since=replay.since)
    return await gateway.bus.call(command, within=REPLAY_SECONDS)

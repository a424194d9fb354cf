"""Webhooks over HTTP: the owner of webhooks gets what callers ask, and its answers go back."""

from typing import Any
from uuid import UUID, uuid4

from contracts.errors import FieldError, InvalidError, NotFoundError
from contracts.message import Accepted
from contracts.webhooks.deliveries import (
    DeliveryPage,
    DeliveryView,
    ListDeliveries,
    SendTestEvent,
)
from contracts.webhooks.endpoints import (
    ENDINGS,
    CreatedWebhook,
    CreateWebhook,
    DeleteWebhook,
    FindWebhook,
    ListWebhooks,
    UpdateWebhook,
    WebhookPage,
    WebhookView,
)
from contracts.webhooks.jobs import FindWebhookSecret, RegisterJobWebhook, WebhookSecret
from runtime.bus.client import Bus
from runtime.clock import now
from runtime.testing.servers import NatsServer

from .fleet import a_fleet

URL = "https://example.org/hooks?a=b"


class FakeWebhooks:
    """Keeps the webhooks that it is asked to make, and the requests about them."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.known: dict[UUID, WebhookView] = {}
        self.asked: list[Any] = []

    async def serve(self) -> None:
        handlers: dict[Any, Any] = {
            CreateWebhook: self.create,
            FindWebhook: self.find,
            UpdateWebhook: self.update,
            DeleteWebhook: self.delete,
            ListWebhooks: self.page,
            SendTestEvent: self.send_test,
            ListDeliveries: self.deliveries,
            RegisterJobWebhook: self.register,
            FindWebhookSecret: self.secret,
        }
        for request, handler in handlers.items():
            await self.bus.serve(request, handler)

    async def create(self, command: CreateWebhook) -> CreatedWebhook:
        self.asked.append(command)
        made = WebhookView(
            id=command.webhook_id,
            owner_id=command.actor.user_id,
            url=command.url,
            event_types=command.event_types,
            created_at=now(),
        )
        self.known[made.id] = made
        return CreatedWebhook(webhook=made, secret="whsec_a")

    async def find(self, query: FindWebhook | UpdateWebhook | DeleteWebhook) -> WebhookView:
        self.asked.append(query)
        if query.webhook_id not in self.known:
            raise NotFoundError("there is no such webhook")
        return self.known[query.webhook_id]

    async def update(self, command: UpdateWebhook) -> WebhookView:
        return await self.find(command)

    async def delete(self, command: DeleteWebhook) -> Accepted:
        await self.find(command)
        return Accepted()

    async def page(self, query: ListWebhooks) -> WebhookPage:
        self.asked.append(query)
        return WebhookPage(items=list(self.known.values()))

    async def send_test(self, command: SendTestEvent) -> DeliveryView:
        self.asked.append(command)
        return DeliveryView(
            id=uuid4(),
            webhook_id=command.webhook_id,
            event_type="webhook.test",
            event_id="a",
            status="waiting",
            attempt_count=0,
            created_at=now(),
        )

    async def register(self, command: RegisterJobWebhook) -> Accepted:
        self.asked.append(command)
        if "10.0.0.1" in command.url:
            problem = FieldError(path="webhook", code="bad_url", message="expected a public host")
            raise InvalidError("webhook: …", code="bad_url", errors=[problem])
        return Accepted()

    async def secret(self, query: FindWebhookSecret) -> WebhookSecret:
        return WebhookSecret(secret=f"whsec_{query.actor.user_id}")

    async def deliveries(self, query: ListDeliveries) -> DeliveryPage:
        self.asked.append(query)
        return DeliveryPage(items=[])


async def served(bus: Bus) -> FakeWebhooks:
    fake = FakeWebhooks(bus)
    await fake.serve()
    return fake


def owner_of_webhooks(nats: NatsServer) -> Any:
    return Bus.connect(nats.url, service="webhooks", password=nats.passwords["webhooks"])


async def test_a_webhook_is_made_read_changed_tried_and_deleted(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet, owner_of_webhooks(nats) as bus:
        fake = await served(bus)
        made = await fleet.client.post("/v1/webhooks", json={"url": URL})
        path = made.headers["location"]
        found = await fleet.client.get(path)
        changed = await fleet.client.patch(path, json={"is_enabled": False})
        tried = await fleet.client.post(f"{path}/test")
        deliveries = await fleet.client.get(f"{path}/deliveries?status=failed&status=waiting")
        listed = await fleet.client.get("/v1/webhooks")
        deleted = await fleet.client.delete(path)

        assert (made.status_code, made.json()["secret"]) == (201, "whsec_a")
        assert found.json() == changed.json() == listed.json()["items"][0]
        assert found.json()["event_types"] == list(ENDINGS)
        assert (tried.status_code, tried.json()["status"]) == (200, "waiting")
        assert deliveries.json() == {"items": [], "next_cursor": None}
        assert deleted.status_code == 204
        assert {one.actor.user_id for one in fake.asked} == {fleet.user_id}
        [asked] = [one for one in fake.asked if isinstance(one, ListDeliveries)]
        assert asked.status == ["failed", "waiting"]
        [patch] = [one for one in fake.asked if isinstance(one, UpdateWebhook)]
        assert (patch.is_enabled, patch.url) == (False, None)


BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({}, "url"),
    *(
        ({"url": url}, "url")
        for url in (
            *("ftp://a.example/", "a.example", "http://", "https:///x", "javascript:alert(1)"),
            *("https://u:p@a.example/", "https://u@a.example/", "https://a.example/ b"),
            *("https://a.example:0/", "https://a.example:99999/", "http://[::1", "http://a\\b"),
            *("https://a.example/\r\nX: y", "https://ä.example/", "https://a/" + "x" * 2_000),
        )
    ),
    ({"url": URL, "event_types": []}, "event_types"),
    ({"url": URL, "event_types": ["job.done"]}, "event_types.0"),
    ({"url": URL, "description": "x" * 301}, "description"),
    ({"url": URL, "secret": "whsec_a"}, "secret"),
]


async def test_a_bad_webhook_is_refused_with_the_name_of_its_field(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        for body, path in BAD_BODIES:
            answer = await fleet.client.post("/v1/webhooks", json=body)
            assert answer.status_code == 422, body
            assert answer.json()["errors"][0]["path"] == path, body


async def test_another_ones_webhook_is_404(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet, owner_of_webhooks(nats) as bus:
        await served(bus)
        for answer in (
            await fleet.client.get(f"/v1/webhooks/{uuid4()}"),
            await fleet.client.patch(f"/v1/webhooks/{uuid4()}", json={}),
            await fleet.client.delete(f"/v1/webhooks/{uuid4()}"),
        ):
            assert answer.status_code == 404


async def test_the_webhook_of_a_job_is_registered_before_the_job(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet, owner_of_webhooks(nats) as bus:
        body = {"workflow": "solid", "webhook": URL}
        away = await fleet.client.post("/v1/jobs", json=body, timeout=30)
        assert (away.status_code, fleet.scheduler.jobs) == (503, {})

        fake = await served(bus)
        made = await fleet.post_job(body)
        refused = await fleet.post_job(body | {"webhook": "http://10.0.0.1/"})
        secret = await fleet.client.get("/v1/webhooks/secret")

        registered, other = fake.asked
        assert (str(registered.job_id), registered.url) == (made.json()["id"], URL)
        assert "webhook" not in made.json()
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "webhook")
        assert set(fleet.scheduler.jobs) == {registered.job_id} != {other.job_id}
        assert secret.json() == {"secret": f"whsec_{fleet.user_id}"}

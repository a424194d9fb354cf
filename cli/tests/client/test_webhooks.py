"""`comfyfleet webhooks` as a user runs it, against a small HTTP server that plays the fleet."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from comfyfleet.commands import webhooks as commands
from contracts.webhooks.deliveries import DeliveryPage, DeliveryView, ReplayView
from contracts.webhooks.endpoints import CreatedWebhook, WebhookPage, WebhookView

from .conftest import Answer, Done, Script, comfyfleet

ID = UUID(int=7)
PATH = f"/v1/webhooks/{ID}"
WEBHOOK = WebhookView(
    id=ID,
    owner_id=UUID(int=1),
    url="https://example.org/hooks",
    event_types=["job.completed"],
    created_at=datetime.now(UTC),
)
DELIVERY = DeliveryView(
    id=UUID(int=9),
    webhook_id=ID,
    event_type="webhook.test",
    event_id="a",
    status="waiting",
    attempt_count=0,
    created_at=datetime.now(UTC),
)


def webhooks(fleet: Script, *words: str) -> Done:
    return comfyfleet(fleet, "webhooks", *words)


def test_a_webhook_is_made_listed_changed_and_deleted(fleet: Script) -> None:
    made = CreatedWebhook(webhook=WEBHOOK, secret="whsec_a")
    failing = WEBHOOK.model_copy(update={"is_enabled": False, "disabled_reason": "gone"})
    fleet.on("POST /v1/webhooks", made.model_dump_json().encode())
    fleet.on("GET /v1/webhooks", WebhookPage(items=[failing]).model_dump_json().encode())
    fleet.on(f"PATCH {PATH}", WEBHOOK.model_dump_json().encode())
    fleet.on(f"DELETE {PATH}", Answer(b"", 204))

    created = webhooks(fleet, "create", WEBHOOK.url, "--event", "job.completed")
    listed = webhooks(fleet, "list")
    shown = json.loads(webhooks(fleet, "list", "--json").stdout)
    changed = webhooks(fleet, "change", str(ID), "--disable")
    nothing = webhooks(fleet, "change", str(ID))
    deleted = webhooks(fleet, "delete", str(ID))

    assert created.stdout == f"{ID} whsec_a\n"
    assert json.loads(fleet.requests[0][2]) == {
        "url": WEBHOOK.url,
        "event_types": ["job.completed"],
    }
    assert "disabled (gone)" in listed.stdout
    assert shown[0]["id"] == str(ID)
    assert (changed.returncode, json.loads(fleet.requests[3][2])) == (0, {"is_enabled": False})
    assert "Say what to change" in nothing.stderr
    assert (deleted.returncode, fleet.requests[-1][0]) == (0, f"DELETE {PATH}")


def test_a_test_waits_for_the_answer_of_the_receiver(
    fleet: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "POLL_SECONDS", 0.0)
    failed = DELIVERY.model_copy(update={"status": "failed", "error": "the receiver answered 500"})
    pages = [DeliveryPage(items=[one]).model_dump_json().encode() for one in (DELIVERY, failed)]
    fleet.on(f"POST {PATH}/test", DELIVERY.model_dump_json().encode())
    fleet.on(f"GET {PATH}/deliveries?limit=100", *pages)

    tried = webhooks(fleet, "test", str(ID))

    assert (tried.returncode, tried.stderr) == (1, "comfyfleet: the receiver answered 500\n")


def test_deliveries_are_listed_and_sent_again(fleet: Script) -> None:
    page = DeliveryPage(items=[DELIVERY]).model_dump_json().encode()
    fleet.on(f"GET {PATH}/deliveries?status=failed&limit=20", page)
    fleet.on(f"POST {PATH}/deliveries/{DELIVERY.id}/replay", DELIVERY.model_dump_json().encode())
    done = ReplayView(replayed_count=3, left_count=0)
    fleet.on(f"POST {PATH}/replay", done.model_dump_json().encode())

    listed = webhooks(fleet, "deliveries", str(ID), "--status", "failed")
    one = webhooks(fleet, "replay", str(ID), str(DELIVERY.id))
    every = webhooks(fleet, "replay", str(ID), "--since", "2026-12-01T18:00")
    neither = webhooks(fleet, "replay", str(ID))

    assert str(DELIVERY.id) in listed.stdout
    assert one.returncode == 0
    assert every.stdout == "3 are sent again; 0 are left.\n"
    assert json.loads(fleet.requests[-1][2]) == {"since": "2026-12-01T18:00:00+00:00"}
    assert "Name one delivery" in neither.stderr

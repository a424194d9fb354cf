"""`webhooks`: have events of jobs sent to a URL, look at the deliveries and send them again."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from comfyfleet import CommandError
from comfyfleet.client import webhooks
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.commands.job_options import SECONDS, SPAN, time_of
from comfyfleet.tables import ago, colored, console, plain_table, say
from contracts.webhooks.deliveries import DeliveryView
from contracts.webhooks.endpoints import WebhookView

TEST_SECONDS = 60.0
POLL_SECONDS = 0.2

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
WebhookId = Annotated[
    UUID, typer.Argument(metavar="WEBHOOK", help="Id of the webhook, or of a job with one.")
]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", help="Type of an event: `job.completed`; may be given again."),
]
Description = Annotated[str | None, typer.Option(help="Its purpose, for people.")]


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (list_, create, change, delete, test, deliveries, replay):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def list_(*, json: Json = False) -> None:
    """List the webhooks, and why one gets nothing."""
    with closing(connect()) as client:
        found = webhooks.every(client)
    if json:
        say(f"[{','.join(webhook.model_dump_json() for webhook in found)}]")
    else:
        console.print(webhooks_table(found))


def create(
    url: Annotated[str, typer.Argument(help="Receives a POST for each event.")],
    *,
    event: Events = None,
    description: Description = None,
) -> None:
    """Register a webhook; print its id, and its secret, which is shown this once."""
    fields = {"url": url, "event_types": event, "description": description}
    with closing(connect()) as client:
        made = webhooks.create(client, given(fields))
    say(f"{made.webhook.id} {made.secret}")


def change(
    webhook_id: WebhookId,
    *,
    url: Annotated[str | None, typer.Option(help="Receives the requests from now on.")] = None,
    event: Events = None,
    description: Description = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it gets events.")
    ] = None,
) -> None:
    """Change a webhook."""
    fields = {"url": url, "event_types": event, "description": description, "is_enabled": enabled}
    changes = given(fields)
    if not changes:
        raise CommandError("Say what to change: --url, --event, --description, --enable.")
    with closing(connect()) as client:
        console.print(webhooks_table([webhooks.change(client, webhook_id, changes)]))


def delete(webhook_id: WebhookId) -> None:
    """Delete a webhook with its deliveries."""
    with closing(connect()) as client:
        webhooks.delete(client, webhook_id)


def test(webhook_id: WebhookId) -> None:
    """Send a test event, and fail unless the receiver takes it."""
    with closing(connect()) as client:
        sent = webhooks.send_test(client, webhook_id)
        ended = until_tried(client, sent)
    console.print(deliveries_table([ended]))
    if ended.status != "delivered":
        raise CommandError(ended.error or "The test was not sent yet.")


def until_tried(client: FleetClient, sent: DeliveryView) -> DeliveryView:
    """Return the delivery once it has a result, or as it is when the time is up."""
    deadline = time.monotonic() + TEST_SECONDS
    while sent.status == "waiting" and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        found = webhooks.deliveries(client, sent.webhook_id, [], 100)
        sent = next((one for one in found if one.id == sent.id), sent)
    return sent


def deliveries(
    webhook_id: WebhookId,
    *,
    status: Annotated[
        list[str] | None, typer.Option(help="`failed`, `waiting`, `delivered`; may be given again.")
    ] = None,
    limit: Annotated[int, typer.Option("-n", min=1, max=100, help="Number of deliveries.")] = 20,
    json: Json = False,
) -> None:
    """List the newest deliveries with the answer of the receiver."""
    with closing(connect()) as client:
        found = webhooks.deliveries(client, webhook_id, status or [], limit)
    if json:
        say(f"[{','.join(delivery.model_dump_json() for delivery in found)}]")
    else:
        console.print(deliveries_table(found))


def replay(
    webhook_id: WebhookId,
    delivery_id: Annotated[
        UUID | None, typer.Argument(metavar="DELIVERY", help="Id of one delivery.")
    ] = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(help="All that failed since then: `90min`, `2d` or `2026-12-01T18:00Z`."),
    ] = None,
) -> None:
    """Send one delivery again, or all that failed since a time."""
    if (delivery_id is None) == (since is None):
        raise CommandError("Name one delivery, or give --since.")
    with closing(connect()) as client:
        if delivery_id:
            console.print(deliveries_table([webhooks.replay(client, webhook_id, delivery_id)]))
            return
        done = webhooks.replay_failed(client, webhook_id, time_before(since or ""))
    say(f"{done.replayed_count} are sent again; {done.left_count} are left.")


def time_before(text: str) -> datetime:
    """Return the time that the text names, or that lies so long ago."""
    if span := SPAN.fullmatch(text):
        return datetime.now(UTC) - timedelta(seconds=int(span[1]) * SECONDS[span[2]])
    return time_of(text)


def given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def webhooks_table(found: list[WebhookView]) -> Table:
    table = plain_table("webhook", "url", "events", "state", "created")
    for webhook in found:
        state = "enabled" if webhook.is_enabled else f"disabled ({webhook.disabled_reason})"
        if webhook.is_enabled and webhook.failing_since:
            state = f"fails since {ago(webhook.failing_since)}"
        row = (str(webhook.id), webhook.url, " ".join(webhook.event_types), state)
        table.add_row(*row, ago(webhook.created_at))
    return table


def deliveries_table(found: list[DeliveryView]) -> Table:
    table = plain_table("delivery", "event", "status", "attempts", "answer", "created")
    for one in found:
        answer = one.error or str(one.response_status or "")
        row = (str(one.id), f"{one.event_type} {one.event_id}", colored(one.status))
        table.add_row(*row, str(one.attempt_count), answer, ago(one.created_at))
    return table

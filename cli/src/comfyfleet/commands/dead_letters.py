"""`dead-letters`: lists and replays the events that a service could not handle."""

import os
from typing import Annotated

import typer

from comfyfleet import CommandError, secrets, tcp_ports
from comfyfleet.client.connection import home_of
from comfyfleet.settings import LocalSettings, password_variable
from comfyfleet.supervision import lock
from comfyfleet.supervision.child import replace_process


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-command `replay`."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show)
    app.command("replay")(replay)
    return app


def show(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("-n", min=1, max=1_000, help="How many.")] = 20,
) -> None:
    """List the events that a service could not handle, newest first, with the reason."""
    if context.invoked_subcommand is None:
        replace_process("comfyfleet.dead_letters", "list", str(limit), environment=environment())


def replay(
    number: Annotated[int | None, typer.Argument(min=1, help="Number of a dead letter.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All of them, oldest first.")] = False,
) -> None:
    """Give an event to the service that could not handle it once more."""
    if (number is None) != every:
        raise CommandError("Name the number of one dead letter, or give --all.")
    which = "all" if every else str(number)
    replace_process("comfyfleet.dead_letters", "replay", which, environment=environment())


def environment() -> dict[str, str]:
    """Return the settings that name a cluster's NATS, else those of the local fleet."""
    if "COMFYFLEET_NATS_URL" in os.environ:
        return dict(os.environ)
    home = home_of(LocalSettings())
    found = secrets.load(home.secrets) if lock.holder(home.lock) is not None else None
    port = tcp_ports.load(home.ports).get("nats")
    if found is None or port is None:
        raise CommandError(
            "No fleet runs here. Start one with `comfyfleet up`, or name one with "
            f"COMFYFLEET_NATS_URL and {password_variable('provisioner')}."
        )
    return os.environ | {
        "COMFYFLEET_NATS_URL": f"nats://127.0.0.1:{port}",
        password_variable("provisioner"): found.nats_provisioner,
    }

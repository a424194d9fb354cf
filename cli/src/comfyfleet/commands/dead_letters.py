"""`dead-letters`: list and replay events that a service could not handle."""

from typing import Annotated

import typer

from comfyfleet import CommandError


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-command `replay`."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show)
    app.command("replay")(replay)
    return app


def show(
    context: typer.Context,
    *,
    limit: Annotated[
        int, typer.Option("-n", min=1, max=1_000, help="Number of dead letters.")
    ] = 20,
) -> None:
    """List the events that a service could not handle, newest first, with the reason."""
    if context.invoked_subcommand is None:
        from comfyfleet import dead_letters  # noqa: PLC0415 - no other command loads its libraries

        dead_letters.run(dead_letters.show(limit))


def replay(
    number: Annotated[int | None, typer.Argument(help="Number of a dead letter.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All of them, oldest first.")] = False,
) -> None:
    """Give an event to the service that could not handle it once more."""
    if (number is None) != every:
        raise CommandError("Name the number of one dead letter, or give --all.")
    if number is not None and number < 1:
        raise CommandError("The number of a dead letter is at least 1.")
    from comfyfleet import dead_letters  # noqa: PLC0415 - no other command loads its libraries

    dead_letters.run(dead_letters.replay(number))

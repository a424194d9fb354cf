"""`comfyfleet`: run the whole fleet on one machine, operate one, submit jobs."""

import sys

import stamina
import typer
from pydantic import ValidationError

from comfyfleet import CommandError
from comfyfleet.commands import (
    batches,
    dead_letters,
    dispatch,
    jobs,
    keys,
    local,
    models,
    nodes,
    presets,
    remote,
    roles,
    usage,
    users,
    webhooks,
    workflows,
)
from comfyfleet.settings import wrong_setting

EPILOG = (
    "Commands talk to the local fleet, or to the fleet that COMFYFLEET_URL and COMFYFLEET_API_KEY "
    "name."
)


def migrate() -> None:
    """Create streams, buckets, roles and tables in a cluster (`up` does this by itself)."""
    prepare_cluster("migrate")


def nats_config() -> None:
    """Print the configuration for a cluster's nats-server."""
    prepare_cluster("nats-config")


def prepare_cluster(word: str) -> None:
    from comfyfleet.cluster import main  # noqa: PLC0415 - no other command loads its libraries

    main(word)


def application() -> typer.Typer:
    app = typer.Typer(
        help=__doc__,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in (
        *(local.up, local.down, local.status, local.logs, local.token),
        *(remote.run, usage.usage, dispatch.overview, remote.doctor),
        *(migrate, nats_config),
    ):
        app.command()(command)
    app.add_typer(jobs.group(), name="jobs")
    app.add_typer(nodes.group(), name="nodes")
    app.add_typer(keys.group(), name="keys")
    app.add_typer(models.group(), name="models")
    app.add_typer(dispatch.group(), name="dispatch")
    app.add_typer(presets.group(), name="presets")
    app.add_typer(batches.group(), name="batches")
    app.add_typer(workflows.group(), name="workflows")
    app.add_typer(users.group(), name="users")
    app.add_typer(webhooks.group(), name="webhooks")
    app.add_typer(roles.group(), name="roles")
    app.add_typer(dead_letters.group(), name="dead-letters")
    return app


def main() -> None:
    stamina.instrumentation.set_on_retry_hooks([])  # a person reads the terminal, not a log
    try:
        application()()
    except CommandError as error:
        sys.exit(f"comfyfleet: {error}")
    except ValidationError as error:
        sys.exit(f"comfyfleet: {wrong_setting(error)}")


if __name__ == "__main__":
    main()

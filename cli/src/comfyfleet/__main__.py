"""`comfyfleet`: run the whole fleet on one machine, operate one, submit jobs."""

import sys

import typer
from pydantic import ValidationError

from comfyfleet.commands import cluster, dead_letters, local, remote, workflows
from comfyfleet.problem import CommandError
from comfyfleet.settings import wrong_setting

EPILOG = "Talks to the local fleet, or to the one of COMFYFLEET_URL and COMFYFLEET_TOKEN."


def application() -> typer.Typer:
    app = typer.Typer(
        help=__doc__,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in (local.up, local.down, local.status, local.logs, local.token):
        app.command()(command)
    for command in (remote.run, remote.jobs, remote.nodes, remote.doctor):
        app.command()(command)
    app.add_typer(workflows.group(), name="workflows")
    app.add_typer(dead_letters.group(), name="dead-letters")
    for command in (cluster.nats_config, cluster.migrate):
        app.command()(command)
    return app


def main() -> None:
    try:
        application()()
    except CommandError as error:
        sys.exit(f"comfyfleet: {error}")
    except ValidationError as error:
        sys.exit(f"comfyfleet: {wrong_setting(error)}")


if __name__ == "__main__":
    main()

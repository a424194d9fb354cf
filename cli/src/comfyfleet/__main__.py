"""`comfyfleet`: run the whole fleet on one machine, operate one, submit jobs."""

import sys

import typer
from pydantic import ValidationError

from comfyfleet.commands import cluster, local, remote
from comfyfleet.problem import CommandError

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


def wrong_setting(error: ValidationError) -> str:
    """Name the environment variable instead of the model's field."""
    lines = [
        f"COMFYFLEET_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
        for item in error.errors()
    ]
    return "; ".join(lines)


if __name__ == "__main__":
    main()

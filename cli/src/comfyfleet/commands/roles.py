"""`roles`: list, create, change and delete sets of permissions."""

from contextlib import closing
from typing import Annotated, Any

import typer

from comfyfleet import CommandError
from comfyfleet.client import roles
from comfyfleet.client.connection import connect
from comfyfleet.commands.users import Json, Limit, limits_of
from comfyfleet.tables import console, say
from comfyfleet.user_tables import role_card, roles_table

Name = Annotated[str, typer.Argument(metavar="ROLE", help="Name of a role.")]
Permissions = Annotated[
    list[str] | None,
    typer.Option("--permission", metavar="PERMISSION", help="`jobs:run`, …; may be repeated."),
]
Workflows = Annotated[
    list[str] | None,
    typer.Option(
        "--workflow",
        metavar="PATTERN",
        help="Workflows that its users may see and run: `shop-*`. May be repeated; else all.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="PATTERN",
        help="Model files that their jobs may use: `loras/film-*`. May be repeated; else all.",
    ),
]


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-commands."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show_all)
    for command in (list_, show, create, change, delete):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def show_all(context: typer.Context) -> None:
    """List the roles; the commands below do more."""
    if context.invoked_subcommand is None:
        list_()


def list_(*, json: Json = False) -> None:
    """List the roles with the number of their users."""
    with closing(connect()) as client:
        found = roles.every(client)
    if json:
        say(f"[{','.join(role.model_dump_json() for role in found)}]")
    else:
        console.print(roles_table(found))


def show(name: Name, *, json: Json = False) -> None:
    """Show everything about a role."""
    with closing(connect()) as client:
        role = roles.find(client, name)
    if json:
        say(role.model_dump_json())
    else:
        console.print(role_card(role))


def create(
    name: Name,
    *,
    permission: Permissions = None,
    workflow: Workflows = None,
    model: Models = None,
    limit: Limit = None,
) -> None:
    """Create a role."""
    fields = given(permission or [], workflow, model, limit)
    with closing(connect()) as client:
        console.print(role_card(roles.create(client, {"name": name, **fields})))


def change(
    name: Name,
    *,
    permission: Permissions = None,
    workflow: Workflows = None,
    model: Models = None,
    limit: Limit = None,
) -> None:
    """Change a role for all its users; each kind of option replaces all that was there."""
    changes = given(permission, workflow, model, limit)
    if not changes:
        raise CommandError("Name at least one thing to change; --help lists them.")
    with closing(connect()) as client:
        console.print(role_card(roles.change(client, name, changes)))


def given(
    permissions: list[str] | None,
    workflows: list[str] | None,
    models: list[str] | None,
    limits: list[str] | None,
) -> dict[str, Any]:
    """Return the fields of the options that were given."""
    fields = {"permissions": permissions, "workflows": workflows, "models": models}
    found: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    return found | ({"limits": limits_of(limits)} if limits else {})


def delete(
    names: Annotated[list[str], typer.Argument(metavar="ROLE…", help="Names of roles.")],
) -> None:
    """Delete roles that nobody has."""
    with closing(connect()) as client:
        for name in names:
            roles.delete(client, name)
            say(f"deleted {name}")

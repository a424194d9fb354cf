"""`users`: list, create, change, block and erase the accounts of people."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated, Any

import typer

from comfyfleet import CommandError
from comfyfleet.client import users
from comfyfleet.client.connection import connect
from comfyfleet.commands.audit import audit
from comfyfleet.tables import console, say
from comfyfleet.user_tables import user_card, users_table
from contracts.auth.users import UserKind

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Name = Annotated[str, typer.Argument(metavar="USER", help="Id or e-mail address of a user.")]
Names = Annotated[
    list[str], typer.Argument(metavar="USER…", help="Ids or e-mail addresses of users.")
]
Role = Annotated[str | None, typer.Option(help="Role: user, admin, or one of your own.")]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="A limit for this user alone: max_waiting_jobs, max_running_jobs, max_priority or "
        "storage_bytes. May be repeated.",
    ),
]


def group() -> typer.Typer:
    """The command itself, which lists, and its sub-commands."""
    app = typer.Typer(help=__doc__, invoke_without_command=True)
    app.callback()(show_all)
    verbs = (list_, show, create, change, link, block, unblock, delete, recover, audit)
    for command in verbs:
        app.command(command.__name__.rstrip("_"))(command)
    return app


def show_all(context: typer.Context) -> None:
    """List the users; the commands below do more."""
    if context.invoked_subcommand is None:
        list_()


def list_(
    text: Annotated[str | None, typer.Argument(help="A part of the e-mail or name.")] = None,
    *,
    role: Role = None,
    blocked: Annotated[
        bool | None, typer.Option("--blocked/--not-blocked", help="Only blocked users, or others.")
    ] = None,
    most: Annotated[int, typer.Option("-n", min=1, help="Number of users.")] = 50,
    json: Json = False,
) -> None:
    """List the users, newest first."""
    filters = {"text": text, "role": role, "is_blocked": blocked}
    given = {name: value for name, value in filters.items() if value is not None}
    with closing(connect()) as client:
        found = list(users.every(client, given, most))
    if json:
        say(f"[{','.join(user.model_dump_json() for user in found)}]")
    else:
        console.print(users_table(found))


def show(name: Name, *, json: Json = False) -> None:
    """Show everything about a user."""
    with closing(connect()) as client:
        user = users.find(client, name)
    if json:
        say(user.model_dump_json())
    else:
        console.print(user_card(user))


def create(
    email: Annotated[str, typer.Argument(help="E-mail address: the name for logging in.")],
    *,
    name: Annotated[str | None, typer.Option(help="Name for people; else the address.")] = None,
    role: Role = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a first password; else the user has none.")
    ] = False,
    service: Annotated[
        bool,
        typer.Option("--service", help="An account that only acts by API keys (`keys create`)."),
    ] = False,
    limit: Limit = None,
) -> None:
    """Create a user."""
    fields: dict[str, Any] = {"email": email, "name": name or email[:100]}
    fields |= {"role": role} if role else {}
    fields |= {"limits": limits_of(limit)} if limit else {}
    fields |= {"kind": UserKind.SERVICE} if service else {}
    if password:
        fields["password"] = typer.prompt("First password", hide_input=True)
    with closing(connect()) as client:
        user = users.create(client, fields)
    say(f"created {user.id} {user.email}")


def change(
    name: Name,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="A new name for people.")] = None,
    role: Role = None,
    limit: Limit = None,
    no_limits: Annotated[
        bool, typer.Option("--no-limits", help="Remove all limits for this user alone.")
    ] = False,
) -> None:
    """Change name, role or limits; limits are replaced as a whole."""
    changes: dict[str, Any] = {}
    changes |= {"name": new_name} if new_name else {}
    changes |= {"role": role} if role else {}
    if limit or no_limits:
        changes["limits"] = limits_of(limit or [])
    if not changes:
        raise CommandError("Name at least one thing to change; --help lists them.")
    with closing(connect()) as client:
        user = users.change(client, users.find(client, name).id, changes)
    console.print(user_card(user))


def limits_of(texts: Sequence[str]) -> dict[str, int | str]:
    """Return `max_running_jobs=2` as a field of the request, which the fleet checks."""
    found: dict[str, int | str] = {}
    for text in texts:
        name, has_value, value = text.partition("=")
        if not has_value:
            raise CommandError(f"--limit {text}: expected NAME=VALUE")
        found[name] = int(value) if value.isdecimal() else value
    return found


def link(
    name: Name,
    *,
    hours: Annotated[float, typer.Option(min=0.02, max=720, help="Hours that it works.")] = 72.0,
) -> None:
    """Make a one-time link by which the user chooses a password: an invitation, or a way back in.

    The user posts the password to it, as the printed command does. It is shown only now.
    """
    with closing(connect()) as client:
        made = users.link(client, users.find(client, name).id, int(hours * 3_600))
        address = f"{client.url}{made.path}"
    say(address)
    body = '{"password": "…"}'
    say(f"  curl -H 'Content-Type: application/json' -d '{body}' {address}")


def recover() -> None:
    """Give the local fleet's administrator back: unblocked, with the password of its folder.

    In a cluster, set COMFYFLEET_ADMIN_EMAIL and COMFYFLEET_ADMIN_PASSWORD and restart auth.
    """
    from comfyfleet import recovery  # noqa: PLC0415 - no other command loads its libraries

    say(recovery.run())


def block(names: Names) -> None:
    """Block users: they cannot log in, their tokens fail and open streams end within seconds."""
    set_blocked(names, is_blocked=True)


def unblock(names: Names) -> None:
    """Let blocked users in again."""
    set_blocked(names, is_blocked=False)


def set_blocked(names: Sequence[str], *, is_blocked: bool) -> None:
    with closing(connect()) as client:
        for name in names:
            found = users.find(client, name)
            user = users.change(client, found.id, {"is_blocked": is_blocked})
            say(f"{user.email} {'blocked' if user.is_blocked else 'not blocked'}")


def delete(
    names: Names,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase users for good: address, name, password and sessions; sums of usage stay."""
    with closing(connect()) as client:
        for name in names:
            user = users.find(client, name)
            if not yes:
                typer.confirm(f"Erase {user.email} ({user.name}) for good?", abort=True)
            users.erase(client, user.id)
            say(f"erased {user.id}")

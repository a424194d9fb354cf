"""`keys`: API keys of one's own, for programs that log in without a password."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from pydantic import BaseModel
from rich.table import Table

from comfyfleet import CommandError
from comfyfleet.client import users
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.tables import ago, console, plain_table, say
from contracts.auth.keys import ApiKeyPage, ApiKeyView

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
User = Annotated[
    str | None,
    typer.Option("--user", help="A service account: its id or e-mail. Default: yourself."),
]


class CreatedKey(BaseModel):
    """The part of the answer that is shown once."""

    id: UUID
    secret: str


def group() -> typer.Typer:
    app = typer.Typer(help=__doc__, no_args_is_help=True)
    for command in (list_, create, delete):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def list_(*, user: User = None, json: Json = False) -> None:
    """List your keys, or those of another user."""
    with closing(connect()) as client:
        found = client.ask(ApiKeyPage, "GET", path_of(client, user)).items
    if json:
        say(f"[{','.join(key.model_dump_json() for key in found)}]")
    else:
        console.print(keys_table(found))


def create(
    name: Annotated[str, typer.Argument(help="A name for what uses the key.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A permission of the key; give it again for more. Default: all yours."),
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, help="Days until it expires. Default: never.")
    ] = None,
    user: User = None,
) -> None:
    """Make a key and print it; nobody can show it again."""
    body: dict[str, Any] = {"name": name}
    if scope:
        body["scopes"] = scope
    if days is not None:
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    with closing(connect()) as client:
        # a lost answer would be a key that nobody knows: a repeat is a conflict, and says so
        headers = {"Idempotency-Key": str(uuid4())}
        path = path_of(client, user)
        say(client.ask(CreatedKey, "POST", path, json=body, headers=headers).secret)


def delete(
    names: Annotated[list[str], typer.Argument(help="Ids, names or first letters of keys.")],
    *,
    user: User = None,
) -> None:
    """Delete keys; programs that use them are refused within seconds."""
    with closing(connect()) as client:
        path = path_of(client, user)
        for key in [found(client, path, name) for name in names]:
            client.call("DELETE", f"{path}/{key.id}")
            say(f"deleted {key.prefix} {key.name}")


def path_of(client: FleetClient, user: str | None) -> str:
    return f"/v1/users/{users.find(client, user).id}/api-keys" if user else "/v1/api-keys"


def found(client: FleetClient, path: str, name: str) -> ApiKeyView:
    """Return the key of this id, name or prefix. Raises CommandError unless there is one."""
    keys = client.ask(ApiKeyPage, "GET", path).items
    fitting = [key for key in keys if name in (str(key.id), key.name, key.prefix)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise CommandError(f"There is no key {name!r}; `comfyfleet keys list` lists them.")
    ids = ", ".join(str(key.id) for key in fitting)
    raise CommandError(f"{len(fitting)} keys are named {name!r}; give the id of one: {ids}")


def keys_table(keys: Sequence[ApiKeyView]) -> Table:
    table = plain_table("id", "key", "name", "scopes", "made", "last used", "expires")
    for key in keys:
        used = f"{ago(key.last_used_at)} ago" if key.last_used_at else "never"
        expires = f"{key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never"
        scopes = " ".join(key.scopes)
        made = f"{ago(key.created_at)} ago"
        table.add_row(str(key.id), f"{key.prefix}…", key.name, scopes, made, used, expires)
    return table

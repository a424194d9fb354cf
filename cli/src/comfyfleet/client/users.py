"""Sends the requests about users."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from contracts.auth.users import UserPage, UserView

MOST_ON_A_PAGE = 100


class OneTimeLink(BaseModel):
    path: str
    expires_at: datetime


def every(client: FleetClient, filters: dict[str, Any], most: int) -> Iterator[UserView]:
    """Yield users, newest first, at most so many."""
    cursor: str | None = None
    while most > 0:
        params = {**filters, "limit": min(most, MOST_ON_A_PAGE)}
        params |= {"cursor": cursor} if cursor else {}
        page = client.ask(UserPage, "GET", "/v1/users", params=params)
        yield from page.items
        most -= len(page.items)
        if (cursor := page.next_cursor) is None:
            return


def find(client: FleetClient, name: str) -> UserView:
    """Return the user of this id or e-mail address. Raises CommandError if there is none."""
    try:
        return client.ask(UserView, "GET", f"/v1/users/{UUID(name)}")
    except ValueError:
        pass
    wanted = name.strip().lower()
    for user in every(client, {"text": wanted}, most=10 * MOST_ON_A_PAGE):
        if user.email == wanted:
            return user
    raise CommandError(f"There is no user {name!r}; `comfyfleet users` lists them.")


def create(client: FleetClient, fields: dict[str, Any]) -> UserView:
    headers = {"Idempotency-Key": str(uuid4())}
    return client.ask(UserView, "POST", "/v1/users", json=fields, headers=headers)


def change(client: FleetClient, user_id: UUID, changes: dict[str, Any]) -> UserView:
    return client.ask(UserView, "PATCH", f"/v1/users/{user_id}", json=changes)


def erase(client: FleetClient, user_id: UUID) -> None:
    client.call("DELETE", f"/v1/users/{user_id}")


def link(client: FleetClient, user_id: UUID, lifetime_seconds: int) -> OneTimeLink:
    """Make a link by which the user chooses a password, in place of an earlier one."""
    body = {"lifetime_seconds": lifetime_seconds}
    return client.ask(OneTimeLink, "POST", f"/v1/users/{user_id}/links", json=body)

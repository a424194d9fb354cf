"""Tables of users and roles for a terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from comfyfleet.tables import ago, plain_table
from contracts.auth.roles import RoleView
from contracts.auth.users import UserKind, UserView


def users_table(users: Sequence[UserView]) -> Table:
    table = plain_table("e-mail", "name", "role", "state", "created", "id")
    for user in users:
        created = f"{ago(user.created_at)} ago" if user.created_at else ""
        table.add_row(
            Text(user.email), Text(user.name), user.role, state_of(user), created, str(user.id)
        )
    return table


def state_of(user: UserView) -> Text:
    if user.is_blocked:
        return Text("blocked", style="red")
    if user.kind == UserKind.SERVICE:
        return Text("service", style="cyan")
    return Text("" if user.has_password else "no password", style="yellow")


def user_card(user: UserView) -> Table:
    table = plain_table("field", "value")
    for name, value in lines(user):
        table.add_row(name, Text(value))
    return table


def lines(user: UserView) -> Iterator[tuple[str, str]]:
    yield "id", str(user.id)
    yield "e-mail", user.email
    yield "name", user.name
    yield "role", user.role
    yield "state", state_of(user).plain or "active"
    yield "permissions", " ".join(sorted(user.permissions))
    own = user.own_limits.model_dump(exclude_none=True)
    for name, value in user.limits:
        yield name, f"{value}{' (of this user alone)' if name in own else ''}"


def roles_table(roles: Sequence[RoleView]) -> Table:
    table = plain_table("role", "users", "workflows", "model files", "permissions")
    for role in roles:
        reach = Text(" ".join(role.workflows)), Text(" ".join(role.models))
        table.add_row(role.name, str(role.user_count), *reach, " ".join(role.permissions))
    return table


def role_card(role: RoleView) -> Table:
    table = plain_table("field", "value")
    limits = role.limits.model_dump(mode="json", exclude_none=True)
    for name, value in (
        ("name", role.name),
        ("users", str(role.user_count)),
        ("permissions", " ".join(role.permissions)),
        ("workflows", " ".join(role.workflows)),
        ("model files", " ".join(role.models)),
        ("limits", " ".join(f"{key}={limit}" for key, limit in limits.items())),
    ):
        table.add_row(name, Text(value))
    return table

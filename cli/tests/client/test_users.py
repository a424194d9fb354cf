"""The commands `users …` and `roles …` against a scripted fleet."""

import json
from datetime import UTC, datetime
from typing import Any

from contracts.access import LimitOverrides, Limits, Permission
from contracts.auth.roles import RolePage, RoleView
from contracts.auth.users import UserPage, UserView
from contracts.values import new_id

from .conftest import Script, comfyfleet

USER_ID = new_id()
USER = f"/v1/users/{USER_ID}"
SEARCH = "/v1/users?text=ada%40example.com&limit=100"


def a_user(**fields: Any) -> UserView:
    user = UserView(
        id=USER_ID,
        email="ada@example.com",
        name="Ada",
        role="user",
        permissions=[Permission.JOBS_RUN],
        limits=Limits(max_running_jobs=2),
        own_limits=LimitOverrides(max_running_jobs=2),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return user.model_copy(update=fields)


def body(**fields: Any) -> bytes:
    return a_user(**fields).model_dump_json().encode()


def listed(*found: UserView, cursor: str | None = None) -> bytes:
    return UserPage(items=list(found), next_cursor=cursor).model_dump_json().encode()


def sent(fleet: Script, line: str) -> list[dict[str, Any]]:
    return [json.loads(content) for asked, _, content in fleet.requests if asked == line]


def test_users_are_listed_over_all_pages_and_one_is_shown_by_address_or_id(fleet: Script) -> None:
    other = a_user(id=new_id(), email="bob@example.com", is_blocked=True)
    fleet.on("GET /v1/users?limit=50", listed(a_user(), cursor="c"))
    fleet.on("GET /v1/users?limit=49&cursor=c", listed(other))
    table = comfyfleet(fleet, "users").stdout
    assert ("ada@example.com" in table, "blocked" in table) == (True, True)

    fleet.on(f"GET {SEARCH}", listed(a_user(email="not-ada@example.com"), a_user()))
    fleet.on(f"GET {USER}", body())
    for name in ("Ada@example.com", str(USER_ID)):
        card = comfyfleet(fleet, "users", "show", name).stdout
        assert "2 (of this user alone)" in card
        assert "jobs:run" in card
    fleet.on("GET /v1/users?text=nobody&limit=100", listed())
    assert "There is no user" in comfyfleet(fleet, "users", "show", "nobody").stderr


def test_users_are_created_changed_blocked_and_erased(fleet: Script) -> None:
    fleet.on("POST /v1/users", body())
    fleet.on(f"GET {USER}", body())
    fleet.on(f"PATCH {USER}", body(is_blocked=True))
    fleet.on(f"DELETE {USER}", b"")
    words = ("create", "ada@example.com", "--role", "user", "--limit", "max_running_jobs=2")
    assert f"created {USER_ID}" in comfyfleet(fleet, "users", *words).stdout
    comfyfleet(fleet, "users", "change", str(USER_ID), "--name", "Grace", "--no-limits")
    comfyfleet(fleet, "users", "change", str(USER_ID), "--limit", "max_priority=batch")
    blocked = comfyfleet(fleet, "users", "block", str(USER_ID)).stdout
    comfyfleet(fleet, "users", "unblock", str(USER_ID))
    erased = comfyfleet(fleet, "users", "delete", str(USER_ID), "--yes").stdout

    limits = {"max_running_jobs": 2}
    created = {"email": "ada@example.com", "name": "ada@example.com", "role": "user"}
    assert sent(fleet, "POST /v1/users") == [created | {"limits": limits}]
    assert sent(fleet, f"PATCH {USER}") == [
        {"name": "Grace", "limits": {}},
        {"limits": {"max_priority": "batch"}},
        {"is_blocked": True},
        {"is_blocked": False},
    ]
    assert (blocked.strip(), erased.strip()) == ("ada@example.com blocked", f"erased {USER_ID}")
    assert "at least one" in comfyfleet(fleet, "users", "change", str(USER_ID)).stderr
    wrong = comfyfleet(fleet, "users", "change", str(USER_ID), "--limit", "fast")
    assert "NAME=VALUE" in wrong.stderr


def test_a_link_is_printed_with_the_command_that_uses_it(fleet: Script) -> None:
    fleet.on(f"GET {USER}", body())
    made = {"path": "/v1/auth/invitations/x", "expires_at": "2026-01-01T00:00:00Z"}
    fleet.on(f"POST {USER}/links", json.dumps(made).encode())
    told = comfyfleet(fleet, "users", "link", str(USER_ID), "--hours", "2").stdout
    assert told.split()[0] == f"{fleet.url}/v1/auth/invitations/x"
    assert "curl" in told
    assert sent(fleet, f"POST {USER}/links") == [{"lifetime_seconds": 7_200}]


def test_roles_are_created_shown_changed_and_deleted(fleet: Script) -> None:
    role = RoleView(
        name="shop",
        permissions=[Permission.JOBS_RUN],
        workflows=("shop-*",),
        is_built_in=False,
        user_count=3,
    )
    one = role.model_dump_json().encode()
    fleet.on("GET /v1/roles", RolePage(items=[role]).model_dump_json().encode())
    fleet.on("GET /v1/roles/shop", one)
    fleet.on("POST /v1/roles", one)
    fleet.on("PATCH /v1/roles/shop", one)
    fleet.on("DELETE /v1/roles/shop", b"")
    words = ("--permission", "jobs:run", "--workflow", "shop-*", "--limit", "max_waiting_jobs=3")
    comfyfleet(fleet, "roles", "create", "shop", *words)
    comfyfleet(fleet, "roles", "change", "shop", "--model", "loras/*", "--model", "vae/*")
    shown = comfyfleet(fleet, "roles", "show", "shop").stdout
    table = comfyfleet(fleet, "roles").stdout
    deleted = comfyfleet(fleet, "roles", "delete", "shop").stdout

    content = {"permissions": ["jobs:run"], "workflows": ["shop-*"]}
    created = {"name": "shop", **content, "limits": {"max_waiting_jobs": 3}}
    assert sent(fleet, "POST /v1/roles") == [created]
    assert sent(fleet, "PATCH /v1/roles/shop") == [{"models": ["loras/*", "vae/*"]}]
    assert "shop-*" in shown
    assert "shop-*" in table
    assert deleted.strip() == "deleted shop"
    assert "at least one" in comfyfleet(fleet, "roles", "change", "shop").stderr

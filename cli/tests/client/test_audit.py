"""`comfyfleet users audit`: a table of entries, or a file."""

import json
from typing import Any, Protocol
from uuid import UUID

from typer.testing import CliRunner, Result

from comfyfleet.__main__ import application

from .conftest import Answer

PATH = "/v1/admin/audit"
USER = str(UUID(int=7))
ENTRY: dict[str, Any] = {
    "id": str(UUID(int=17)),
    "at": "2026-12-01T10:00:00Z",
    "fact": "login_refused",
    "user_id": USER,
    "actor_id": None,
    "detail": "bad_credentials",
}


class Fleet(Protocol):
    """The scripted server of conftest.py."""

    url: str

    def on(self, line: str, *answers: Any) -> None: ...


def audit(fleet: Fleet, *words: str) -> Result:
    environment = {"COMFYFLEET_URL": fleet.url, "COMFYFLEET_API_KEY": "cf_key"}
    return CliRunner(env=environment).invoke(application(), ("users", "audit", *words))


def page(cursor: str | None, **changes: Any) -> bytes:
    return json.dumps({"items": [ENTRY | changes], "next_cursor": cursor}).encode()


def test_entries_of_all_pages_are_one_table(fleet: Fleet) -> None:
    asked = f"GET {PATH}?fact=login_refused&user_id={USER}&since=2026-12-01T00%3A00%3A00Z&limit=2"
    fleet.on(asked, page("next"))
    fleet.on(f"{asked}&cursor=next", page("more", fact="logged_in", actor_id=USER))
    words = ("--fact", "login_refused", "--user", USER, "--since", "2026-12-01", "-n", "2")
    done = audit(fleet, *words)

    assert done.exit_code == 0, done.output
    [_, first, second] = done.output.splitlines()
    for text in ("2026-12-01 10:00:00", "login_refused", USER, "bad_credentials"):
        assert text in first
    assert "logged_in" in second
    assert "the user" in second


def test_a_file_is_printed_as_the_fleet_sends_it(fleet: Fleet) -> None:
    fleet.on(f"GET {PATH}?format=csv", Answer(b"id,at\r\n", content_type="text/csv"))
    fleet.on(f"GET {PATH}?format=ndjson", Answer(b'{"id": 17}\n'))

    assert audit(fleet, "--csv").stdout_bytes == b"id,at\r\n"
    assert audit(fleet, "--json").output == '{"id": 17}\n'

import json
from typing import Any, Protocol
from uuid import UUID

import pytest
from typer.testing import CliRunner

from comfyfleet.__main__ import application

from .conftest import Answer

ROW: dict[str, Any] = {
    "day": "2026-12-01",
    "owner_id": None,
    "workflow": "solid@1",
    "node_id": None,
    "completed_job_count": 41,
    "failed_job_count": 1,
    "canceled_job_count": 2,
    "expired_job_count": 0,
    "attempt_count": 45,
    "unmeasured_attempt_count": 0,
    "executed_seconds": 812.4,
    "completed_seconds": 790.1,
    "failed_seconds": 6.2,
    "canceled_seconds": 9.0,
    "expired_seconds": 0.0,
    "lost_seconds": 7.1,
    "load_seconds": 12.6,
    "load_measured_attempt_count": 39,
}
COMMAND = ("usage", "--by", "day", "--by", "workflow", "--since", "2026-12-01")
ASKED = "GET /v1/usage?from=2026-12-01&by=day&by=workflow"


class Fleet(Protocol):
    """The scripted server of conftest.py."""

    url: str

    def on(self, line: str, *answers: Any) -> None: ...


@pytest.fixture(autouse=True)
def account(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYFLEET_URL", fleet.url)
    monkeypatch.setenv("COMFYFLEET_TOKEN", "token")


def page(cursor: str | None, **changes: Any) -> bytes:
    return json.dumps({"items": [ROW | changes], "next_cursor": cursor}).encode()


def test_usage_of_all_pages_is_one_table(fleet: Fleet) -> None:
    fleet.on(f"{ASKED}&limit=1000", page("next"))
    fleet.on(f"{ASKED}&limit=1000&cursor=next", page(None, workflow="txt2img@3", load_seconds=61.5))
    done = CliRunner().invoke(application(), COMMAND)

    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines()[1:]]
    assert [row[1] for row in rows] == ["solid@1", "txt2img@3"]
    assert rows[0][2:] == ["41", "1", "2", "0", "45", "812.4", "790.1", "7.1", "12.6", "39"]
    assert rows[1][-2:] == ["61.5", "39"]


def test_csv_is_printed_as_the_fleet_sends_it(fleet: Fleet) -> None:
    fleet.on(f"{ASKED}&format=csv", Answer(b"day,workflow\r\n", content_type="text/csv"))
    done = CliRunner().invoke(application(), (*COMMAND, "--csv"))

    assert done.stdout_bytes == b"day,workflow\r\n"


def test_usage_of_one_user_is_printed_for_programs(fleet: Fleet) -> None:
    owner = str(UUID(int=7))
    fleet.on(f"{ASKED}&owner_id={owner}&limit=1000", page(None))
    done = CliRunner().invoke(application(), (*COMMAND, "--owner", owner, "--json"))

    assert done.exit_code == 0, done.output
    assert [row["completed_job_count"] for row in json.loads(done.output)] == [41]

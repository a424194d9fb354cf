"""Usage over HTTP: as pages of JSON, and as one table of CSV."""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import date, timedelta

import pytest

from contracts.scheduler.usage import MOST_ROWS, FindUsage, UsageGrouping, UsagePage, UsageRow
from gateway.usage.endpoints import MOST_CSV_ROWS
from gateway.usage.table import csv_table
from runtime.clock import now
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet


def a_row(number: int, workflow: str = "solid@1") -> UsageRow:
    return UsageRow(
        day=date(2026, 1, 1) + timedelta(days=number % 300),
        workflow=workflow,
        completed_job_count=number,
        failed_job_count=0,
        canceled_job_count=0,
        expired_job_count=0,
        attempt_count=1,
        unmeasured_attempt_count=0,
        executed_seconds=1.5,
        completed_seconds=1.5,
        failed_seconds=0.0,
        canceled_seconds=0.0,
        expired_seconds=0.0,
        lost_seconds=0.0,
    )


class FakeUsage:
    """Answers with so many rows, in pages; remembers the queries."""

    def __init__(self, count: int) -> None:
        self.rows = [a_row(number) for number in range(count)]
        self.asked: list[FindUsage] = []

    async def find(self, query: FindUsage) -> UsagePage:
        self.asked.append(query)
        begin = int(query.cursor or 0)
        end = begin + query.limit
        has_more = end < len(self.rows)
        return UsagePage(items=self.rows[begin:end], next_cursor=str(end) if has_more else None)


@pytest.fixture
async def fleet(nats: NatsServer) -> AsyncGenerator[Fleet, None]:
    async with a_fleet(nats) as fleet:
        yield fleet


async def test_usage_is_asked_for_the_last_thirty_days_unless_days_are_named(fleet: Fleet) -> None:
    found = FakeUsage(3)
    await fleet.scheduler.bus.serve(FindUsage, found.find)
    answer = await fleet.client.get("/v1/usage", params={"limit": 2})
    assert [row["completed_job_count"] for row in answer.json()["items"]] == [0, 1]
    assert answer.json()["next_cursor"] == "2"
    named = {"from": "2026-01-02", "to": "2026-01-31", "by": ["owner", "node"]}
    assert (await fleet.client.get("/v1/usage", params=named)).is_success

    first, second = found.asked
    assert (first.last_day - first.first_day).days == 29
    assert first.last_day - now().date() <= timedelta(days=1)
    assert (first.by, first.actor.user_id) == ([UsageGrouping.DAY], fleet.user_id)
    assert (second.first_day, second.last_day) == (date(2026, 1, 2), date(2026, 1, 31))
    assert second.by == [UsageGrouping.OWNER, UsageGrouping.NODE]


async def test_wrong_days_and_groups_are_named(fleet: Fleet) -> None:
    wrong = {
        "from": {"from": "2026-02-01", "to": "2026-01-01"},
        "to": {"to": "0001-01-01"},
        "by": {"by": "color"},
        "format": {"format": "xlsx"},
    }
    for name, params in wrong.items():
        answer = await fleet.client.get("/v1/usage", params=params)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"].startswith(name)
    years = await fleet.client.get("/v1/usage", params={"from": "2024-01-01", "to": "2026-01-01"})
    assert years.status_code == 422
    assert "at most 366 days" in years.json()["detail"]


@pytest.mark.parametrize("headers", [{"Accept": "text/csv"}, {}])
async def test_csv_is_one_table_of_all_pages(fleet: Fleet, headers: dict[str, str]) -> None:
    await fleet.scheduler.bus.serve(FindUsage, FakeUsage(MOST_ROWS + 5).find)
    params = {"by": ["day", "workflow"]} | ({} if headers else {"format": "csv"})
    answer = await fleet.client.get("/v1/usage", params=params, headers=headers)

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == MOST_ROWS + 5
    assert list(rows[0])[:3] == ["day", "workflow", "completed_job_count"]
    assert rows[7]["completed_job_count"] == "7"
    assert rows[7]["executed_seconds"] == "1.5"


async def test_csv_of_too_many_rows_is_refused_whole(fleet: Fleet) -> None:
    await fleet.scheduler.bus.serve(FindUsage, FakeUsage(MOST_CSV_ROWS + 1).find)
    answer = await fleet.client.get("/v1/usage", params={"format": "csv"})

    assert answer.status_code == 413
    assert "ask for fewer days or groups" in answer.json()["detail"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_csv_is_a_formula(start: str) -> None:
    text = csv_table([a_row(1, workflow=f'{start}HYPERLINK("x")')], [UsageGrouping.WORKFLOW])

    [_, row] = csv.reader(io.StringIO(text, newline=""))
    assert row[0] == f'\'{start}HYPERLINK("x")'

"""The audit log over HTTP: pages, filters, and a file of everything."""

import csv
import io
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.auth.audit import AuditEntryView, AuditFact, AuditPage, ListAudit
from contracts.errors import UnavailableError
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATH = "/v1/admin/audit"


class FakeLog:
    """Answers with so many entries, in pages; fails at an entry if it is told to."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.entries = [an_entry(number) for number in range(count, 0, -1)]
        self.fails_at = fails_at
        self.asked: list[ListAudit] = []

    async def list(self, query: ListAudit) -> AuditPage:
        self.asked.append(query)
        begin = int(query.cursor or 0)
        if self.fails_at is not None and begin >= self.fails_at:
            raise UnavailableError("away", code="database_away")
        end = begin + query.limit
        cursor = str(end) if self.entries[end:] else None
        return AuditPage(items=self.entries[begin:end], next_cursor=cursor)


def an_entry(number: int) -> AuditEntryView:
    user_id = uuid4()
    return AuditEntryView(
        id=UUID(int=number),
        at=NOW,
        fact=AuditFact.LOGGED_IN,
        user_id=user_id,
        actor_id=user_id,
        detail="=1+1",
    )


def numbers(entries: Iterable[Mapping[str, Any]]) -> list[int]:
    return [UUID(entry["id"]).int for entry in entries]


@pytest.fixture
async def fleet(nats: NatsServer) -> AsyncGenerator[Fleet, None]:
    async with a_fleet(nats) as fleet:
        yield fleet


async def serve(fleet: Fleet, log: FakeLog) -> None:
    await fleet.auth.serve(ListAudit, log.list)


async def test_the_log_is_read_page_by_page_and_filtered(fleet: Fleet) -> None:
    log = FakeLog(3)
    await serve(fleet, log)
    user_id = str(uuid4())
    filters = {
        "user_id": user_id,
        "fact": ["logged_in", "logged_out"],
        "since": "2026-01-01T00:00Z",
    }
    first = await fleet.client.get(PATH, params={"limit": 2, **filters})
    rest = await fleet.client.get(PATH, params={"cursor": first.json()["next_cursor"]})

    assert numbers(first.json()["items"]) == [3, 2]
    assert numbers(rest.json()["items"]) == [1]
    asked = log.asked[0]
    assert str(asked.user_id) == user_id
    assert asked.fact == [AuditFact.LOGGED_IN, AuditFact.LOGGED_OUT]
    assert asked.since == NOW


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_a_file_has_every_entry_of_every_page(fleet: Fleet, form: str) -> None:
    await serve(fleet, FakeLog(1_203))
    answer = await fleet.client.get(PATH, params={"format": form})

    assert f"audit.{form}" in answer.headers["content-disposition"]
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert {row["detail"] for row in rows} == {"'=1+1"}
    else:
        rows = [json.loads(line) for line in answer.text.splitlines()]
    assert numbers(rows) == list(range(1_203, 0, -1))


async def test_the_form_follows_the_header_accept(fleet: Fleet) -> None:
    await serve(fleet, FakeLog(1))
    for kind in ("text/csv", "application/x-ndjson", "application/json"):
        answer = await fleet.client.get(PATH, headers={"Accept": kind})
        assert answer.headers["content-type"].startswith(kind)


async def test_a_file_that_cannot_be_finished_ends_early(fleet: Fleet) -> None:
    await serve(fleet, FakeLog(1_203, fails_at=500))
    with pytest.raises(httpx.RemoteProtocolError):
        await fleet.client.get(PATH, params={"format": "csv"})


async def test_a_file_that_cannot_be_begun_is_a_problem(fleet: Fleet) -> None:
    await serve(fleet, FakeLog(1, fails_at=0))
    for _ in range(2):  # the place of the first is free again
        answer = await fleet.client.get(PATH, params={"format": "csv"})
        assert answer.status_code == 503


async def test_only_who_may_read_the_log_reads_it(fleet: Fleet) -> None:
    headers = fleet.headers(permissions=["users:write", "jobs:read_all"])
    assert (await fleet.client.get(PATH, headers=headers)).status_code == 403

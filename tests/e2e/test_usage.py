"""The sums of usage grow by what jobs used, and stay when jobs are deleted."""

import csv
import io
from collections.abc import Iterable, Mapping
from secrets import randbelow
from typing import Any

import httpx
import pytest

from comfyfleet.testing import LocalFleet

from .test_jobs import finish


def solid_usage(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the sums of the workflow `solid`, of all nodes and versions."""
    own = [row for row in rows if row["workflow"].startswith("solid@")]
    names = [name for name in own[0] if name.endswith(("_count", "_seconds"))]
    return {name: sum(float(row[name] or 0) for row in own) for name in names}


def finish_measurably(api: httpx.Client) -> dict[str, Any]:
    """Run a job that takes milliseconds: it is large, and in no engine's cache by its color."""
    return finish(api, "solid", width=2_048, height=2_048, color=randbelow(2**24))


def test_usage_counts_each_job_once_and_outlives_it(fleet: LocalFleet, api: httpx.Client) -> None:
    def usage() -> dict[str, float]:
        by = {"by": ["workflow", "node"]}
        return solid_usage(api.get("/v1/usage", params=by).json()["items"])

    first = finish_measurably(api)
    before = usage()
    last = finish_measurably(api)
    for job in (first, last):
        assert api.delete(job["links"]["self"]).status_code == 204
    after = usage()
    table = csv.DictReader(io.StringIO(fleet.run("usage", "--by", "workflow", "--csv")))

    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    counts = ("completed_job_count", "attempt_count", "load_measured_attempt_count")
    assert [grown.pop(name) for name in counts] == [1, 1, 1]
    assert 0 < grown["executed_seconds"] < 60
    seconds = dict.fromkeys(["executed_seconds", "completed_seconds"], grown["executed_seconds"])
    assert grown == pytest.approx(seconds, abs=0.003), "each sum is rounded to milliseconds"
    assert solid_usage(table) == pytest.approx(after)

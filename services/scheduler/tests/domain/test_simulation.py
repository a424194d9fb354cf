"""Thousands of hours of a faulty fleet. A failing seed is printed, and replays exactly.

`make simulate SEEDS=100000` runs more seeds, `make simulate FIRST=17 SEEDS=1` one of them.
"""

import os

import pytest

from .simulated_run import run

FIRST = int(os.environ.get("FIRST", "0"))
SEEDS = int(os.environ.get("SEEDS", "1000"))
AT_ONCE = 50


def ranges() -> list[range]:
    end = FIRST + SEEDS
    return [range(first, min(first + AT_ONCE, end)) for first in range(FIRST, end, AT_ONCE)]


@pytest.mark.parametrize("seeds", ranges(), ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
@pytest.mark.timeout(600)
def test_nothing_is_lost_and_all_ends_once_faults_stop(seeds: range) -> None:
    changes = 0
    for seed in seeds:
        try:
            changes += run(seed).changes
        except Exception as error:
            error.add_note(f"replay it: make simulate FIRST={seed} SEEDS=1")
            raise
    assert changes or len(seeds) < AT_ONCE, "no node was changed"

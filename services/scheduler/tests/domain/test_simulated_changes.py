"""Jobs are changed and deleted all the time while the fleet fails, and nothing is lost."""

import pytest

from .simulated_run import run


@pytest.mark.parametrize("seed", range(10))
def test_changes_and_deletions_outlive_every_fault(seed: int) -> None:
    run(seed, change_jobs=True)

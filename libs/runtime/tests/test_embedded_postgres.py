"""A checkout may lie in a folder that only root may enter, and its path may have spaces."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from runtime.embedded import postgres
from runtime.embedded.postgres import STOP_SIGNAL, Cluster, ClusterError, cluster_in
from runtime.embedded.user import NOBODY, Way, as_other_user

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux",
    reason="only root on Linux runs Postgres as another user: run the tests as root to see this",
)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """Return a folder that others may not enter, with a space in its name."""
    folder = tmp_path / "home of root"
    folder.mkdir(mode=0o700)
    return folder


def runs(way: Way, program: str) -> bool:
    command = (*as_other_user(way, STOP_SIGNAL), program)
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@needs_root
@pytest.mark.parametrize("way", get_args(Way))
def test_each_way_out_of_root_enters_a_folder_that_only_root_may_enter(
    way: Way, closed: Path
) -> None:
    """Containers may forbid one way; the other must do."""
    if not runs(way, "/bin/true"):
        pytest.skip(f"this kernel forbids the way “{way}”: run the tests where it is allowed")
    assert runs(way, str(shutil.copy("/bin/true", closed)))


@needs_root
@pytest.mark.parametrize("way", get_args(Way))
def test_each_way_makes_a_cluster_there(way: Way, closed: Path) -> None:
    home = closed / "var"
    home.mkdir()
    postgres.own(home, NOBODY if way == "nobody" else 0)
    cluster = Cluster(home, as_other_user(way, STOP_SIGNAL))
    cluster.create("--auth=trust", "--no-sync")
    assert (cluster.data / "PG_VERSION").exists()


def test_the_user_who_runs_the_tests_makes_a_cluster_there(closed: Path) -> None:
    cluster = cluster_in(closed)
    cluster.create("--auth=trust", "--no-sync")
    assert (cluster.data / "PG_VERSION").exists()
    assert not (closed / "data.new").exists()


def test_a_refusal_of_initdb_is_told_in_its_own_words(closed: Path) -> None:
    with pytest.raises(ClusterError, match=r"cannot make its files in .*unrecognized option"):
        cluster_in(closed).create("--no-such-option")

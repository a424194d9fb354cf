import os
import signal
import subprocess
import sys
from pathlib import Path

from runtime.scratch import delete_left_over, scratch_folder

HOLD = """
import sys, time
from pathlib import Path
from runtime.scratch import scratch_folder
with scratch_folder("media-", Path(sys.argv[1])) as folder:
    (folder / "film").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(600)
"""


def test_the_folder_of_a_killed_process_is_deleted_and_that_of_a_living_one_is_kept(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process, scratch_folder("media-", tmp_path) as mine:
        assert process.stdout
        other = Path(process.stdout.readline().strip())
        for folder in (mine, other):
            os.utime(folder, (0, 0))
        assert delete_left_over("media-", tmp_path) == 0
        process.send_signal(signal.SIGKILL)
        process.wait(10)

        assert delete_left_over("media-", tmp_path) == 1

        assert not other.exists()
        assert mine.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_just_made_is_kept(tmp_path: Path) -> None:
    (tmp_path / "media-new").mkdir()

    assert delete_left_over("media-", tmp_path) == 0

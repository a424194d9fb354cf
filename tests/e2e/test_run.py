"""`make run` as somebody sees it whose GPU server does not answer."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from runtime.testing.ports import free_port

ENDS_WITHIN_SECONDS = 45
"""Less than the sample job is waited for."""


def test_ctrl_c_ends_it_at_once_even_while_the_sample_job_waits(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    environment = {**os.environ, "COMFYFLEET_HOME": str(tmp_path), "COMFYUI_URLS": nobody}
    environment |= {"COMFYFLEET_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "comfyfleet", "up", "--sample"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        lines: Iterator[str] = iter(process.stdout)
        assert any("Running a first job" in line for line in lines)
        process.send_signal(signal.SIGINT)
        code = process.wait(ENDS_WITHIN_SECONDS)
        rest = "".join(lines)
    assert (code, "stopping" in rest, "did not work" in rest) == (0, True, False), rest

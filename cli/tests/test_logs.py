from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from comfyfleet.logs import follow_logs


class EnoughError(Exception):
    pass


def test_following_survives_a_rotation_and_prints_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "nats.log"
    path.write_text("old\n")
    steps = [
        lambda: path.write_text("old\nhalf"),
        lambda: path.write_text("old\nhalf and half\n"),
        lambda: path.replace(tmp_path / "nats.log.1"),
        lambda: path.write_text("new\n"),
    ]

    def pause() -> None:
        if not steps:
            raise EnoughError
        steps.pop(0)()

    shown = StringIO()
    with pytest.raises(EnoughError):
        follow_logs([path], Console(file=shown, width=200), pause=pause)
    lines = [line.split(maxsplit=1)[1] for line in shown.getvalue().splitlines()]
    assert lines == ["half and half", "new"]

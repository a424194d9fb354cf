from pathlib import Path

import pytest

from comfyfleet import CommandError
from comfyfleet import home as home_module
from comfyfleet.home import Home


def test_logs_and_process_ids_are_for_us_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "var")
    home.prepare()
    home.prepare()
    assert home.logs.stat().st_mode & 0o777 == 0o700
    assert home.run.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="Set COMFYFLEET_HOME to a folder of yours"):
        Home(tmp_path / "file" / "var").prepare()


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "NEEDED_MB", 10**9)
    with pytest.raises(CommandError, match="MiB are free on the disk"):
        Home(tmp_path).check_disk()

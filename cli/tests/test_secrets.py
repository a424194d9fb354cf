from pathlib import Path

import pytest

from comfyfleet import CommandError, secrets
from comfyfleet.home import write_private
from contracts.services import SERVICES


def test_secrets_are_made_once_and_only_we_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made, is_new = secrets.open_or_make(path)
    found, is_new_again = secrets.open_or_make(path)
    assert (is_new, is_new_again) == (True, False)
    assert made == found
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


def test_a_password_of_the_users_is_kept_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    _, is_new = secrets.open_or_make(path, admin_password="correct horse")
    assert not is_new
    found = secrets.load(path)
    assert found
    assert found.admin_password == "correct horse"


def test_a_service_that_is_new_in_a_release_gets_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    older = secrets.FleetSecrets()
    del older.nats[next(iter(SERVICES))]
    write_private(path, older.model_dump_json())
    found, _ = secrets.open_or_make(path)
    assert set(found.nats) == set(SERVICES)


def test_damaged_secrets_are_named_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{")
    with pytest.raises(CommandError, match=r"secrets\.json cannot be read"):
        secrets.open_or_make(path)
    assert path.read_text() == "{"

"""Names the places in the folder of a local fleet: data, secrets, logs, process ids."""

import os
import shutil
from pathlib import Path

from comfyfleet import CommandError

NEEDED_MB = 512
PRIVATE = 0o700
# Postgres may have to run as another user, who must be able to pass through to its own folder.
PASSABLE = 0o711


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path / "run"
        self.logs = path / "logs"
        self.lock = self.run / "lock"
        self.state = self.run / "state.json"
        self.secrets = path / "secrets.json"
        self.ports = path / "ports.json"

    def data(self, server: str) -> Path:
        return self.path / server

    def prepare(self) -> None:
        """Make the folders; raise `CommandError` if the disk refuses."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(PASSABLE)
            for folder in (self.run, self.logs, self.data("nats"), self.data("s3")):
                folder.mkdir(exist_ok=True)
                folder.chmod(PRIVATE)
        except OSError as error:
            raise CommandError(
                f"Cannot write to {self.path} ({error.strerror}). "
                "Set COMFYFLEET_HOME to a folder of yours."
            ) from error

    def check_disk(self) -> None:
        free_mb = shutil.disk_usage(self.path).free // 2**20
        if free_mb < NEEDED_MB:
            raise CommandError(
                f"Only {free_mb} MiB are free on the disk of {self.path}; ComfyFleet needs "
                f"{NEEDED_MB} MiB. Free some space, or set COMFYFLEET_HOME to another disk."
            )


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step; no other user can read it at any moment."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

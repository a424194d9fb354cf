"""Names the places in the folder of a local fleet: data, secrets, logs, process ids."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from comfyfleet import CommandError

NEEDED_MB = 512
PRIVATE = 0o700
# Postgres may have to run as another user, who must be able to pass through to its own folder.
PASSABLE = 0o711


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def state(self) -> Path:
        return self.run / "state.json"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.path / "ports.json"

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
    """Write a new file that no other user can read at any moment; replace an older one."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

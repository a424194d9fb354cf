"""Keeps what is known about a server process beside its pid file, for the next agent."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """The file of one server. It counts for the process alone that the pid file names."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.json"

    def process(self) -> str:
        """Return the process id with its start, as the pid file has them. Raises OSError."""
        return (self.folder / f"{self.name}.pid").read_text()

    def write(self, attempts: int, settled_mb: int | None) -> None:
        """Write the file; on a full disk only a restart comes later."""
        with suppress(OSError):
            self.path.write_text(json.dumps([self.process(), attempts, settled_mb]))

    def read(self) -> tuple[int, int | None] | None:
        """Return attempts and settled memory in MB of the process; None if they are not known."""
        try:
            process, attempts, settled_mb = json.loads(self.path.read_text())
            is_same = process == self.process()
        except (OSError, ValueError, TypeError):
            return None
        return (int(attempts), settled_mb) if is_same else None

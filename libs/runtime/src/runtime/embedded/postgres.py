"""Makes the files of a Postgres server, and says how a user who may run it starts a program.

Postgres refuses root. Its files lie below one folder, which belongs to that user.
"""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded.programs import postgres_program
from runtime.embedded.user import NOBODY, Way, as_other_user

INITDB_SECONDS = 90
STOP_SIGNAL = signal.SIGINT
"""Postgres' fast shutdown, which does not wait for clients to leave."""


class ClusterError(Exception):
    """Postgres cannot use its folder; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folder of one Postgres server, and the words before each command that works in it."""

    folder: Path
    prefix: tuple[str, ...]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        """Only these variables: the PGDATA or the locale of a user could break Postgres."""
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(self.folder), "TZ": "UTC"}

    def command(self, settings: dict[str, str]) -> tuple[str, ...]:
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        return (*self.prefix, postgres_program("postgres"), "-D", str(self.data), *options)

    def create(self, *options: str) -> None:
        """Run initdb in a draft folder, so that a failure leaves no half-made cluster."""
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        command = [*self.prefix, postgres_program("initdb"), "-D", str(draft), "-U", "postgres"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", *options]
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                cwd=self.folder,
                env=self.environment,
                timeout=INITDB_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            lines = [line for line in str(error.stderr).splitlines() if "hint:" not in line]
            reason = "".join(lines[-1:])
            text = f"Postgres cannot make its files in {self.folder}: {reason}"
            raise ClusterError(text) from error
        draft.rename(self.data)


def cluster_in(folder: Path) -> Cluster:
    """Give an existing folder to the user who can run Postgres in it. Raises ClusterError."""
    if os.geteuid() != 0:
        return Cluster(folder, ())
    ways: list[tuple[Way, int]] = [("nobody", NOBODY)]
    if sys.platform == "linux":
        ways.insert(0, ("namespace", 0))
    for way, owner in ways:
        own(folder, owner)
        prefix = as_other_user(way, STOP_SIGNAL)
        if works(prefix, folder):
            return Cluster(folder, prefix)
    raise ClusterError(
        "Postgres refuses to run as root, and no other user can reach "
        f"{folder} or the virtual environment. Run ComfyFleet as an ordinary user, or from a "
        "folder that others may enter."
    )


def own(folder: Path, owner: int) -> None:
    """Give the files to `owner`: the last start may have used another."""
    if folder.stat().st_uid != owner:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)


def works(prefix: tuple[str, ...], folder: Path) -> bool:
    """Return whether Postgres starts as that user and can write into its folder."""
    check = 'test -w "$0" && exec "$1" --version'
    command = ["/bin/sh", "-c", check, str(folder), postgres_program("postgres")]
    try:
        done = subprocess.run([*prefix, *command], check=False, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0

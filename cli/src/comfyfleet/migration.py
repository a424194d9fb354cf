"""Prepares the local NATS and Postgres with the command that a cluster uses: `comfyfleet migrate`.

The command runs for about a second in a process of its own, because its libraries need more
memory than the whole supervisor. It waits for the servers by itself.
"""

import asyncio
import subprocess
from contextlib import suppress

from comfyfleet import CommandError
from comfyfleet.services import Fleet, inherited
from comfyfleet.settings import password_variable
from comfyfleet.supervision.child import python
from comfyfleet.supervision.log_file import last_words
from runtime.bus.nats_config import PROVISIONER

SECONDS = 120.0


async def migrate(fleet: Fleet) -> None:
    """Return when everything that services need exists; raise `CommandError` if that fails."""
    log = fleet.home.logs / "provision.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *python("-m", "comfyfleet.cluster", "migrate"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(fleet),
        )
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise CommandError(
            f"NATS and Postgres cannot be prepared for the services: “{last_words(log)}”. "
            f"The log: {log}"
        )


def environment(fleet: Fleet) -> dict[str, str]:
    secrets = fleet.secrets
    passwords = secrets.postgres | {PROVISIONER: secrets.nats_provisioner}
    return inherited() | {
        "COMFYFLEET_NATS_URL": fleet.nats_url,
        "COMFYFLEET_ADMIN_DATABASE_URL": fleet.database_url("postgres", secrets.postgres_admin),
        **{password_variable(name): password for name, password in passwords.items()},
    }

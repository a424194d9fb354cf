"""Fills the local NATS and Postgres by the command that a cluster uses: `comfyfleet migrate`.

In a process of its own, whose libraries need more memory than the whole supervisor, and for a
second only. It waits for the servers by itself.
"""

import asyncio
import subprocess
from pathlib import Path

from comfyfleet.problem import CommandError
from comfyfleet.services import Fleet, inherited
from comfyfleet.settings import password_variable
from comfyfleet.supervise.child import python
from comfyfleet.supervise.logfile import last_lines
from runtime.bus.nats_config import PROVISIONER

SECONDS = 120.0


async def provision(fleet: Fleet) -> None:
    """Return when all is there that services need; raise `CommandError` if that fails."""
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
        async with asyncio.timeout(SECONDS):
            code = await process.wait()
    except TimeoutError:
        raise failure(log) from None
    finally:
        if process.returncode is None:
            process.kill()
    if code:
        raise failure(log)


def environment(fleet: Fleet) -> dict[str, str]:
    vault = fleet.vault
    passwords = vault.postgres | {PROVISIONER: vault.nats_provisioner}
    return inherited() | {
        "COMFYFLEET_NATS_URL": fleet.nats_url,
        "COMFYFLEET_ADMIN_DATABASE_URL": fleet.database_url("postgres", vault.postgres_admin),
        **{password_variable(name): password for name, password in passwords.items()},
    }


def failure(log: Path) -> CommandError:
    words = [line for line in last_lines(log, 5) if line.strip()]
    last = words[-1].strip() if words else "nothing"
    return CommandError(
        f"NATS and Postgres cannot be prepared for the services: “{last}”. The whole story: {log}"
    )

"""Lists and replays dead letters as the provisioner of NATS."""

import asyncio
import os
from collections.abc import Coroutine

from rich.text import Text

from comfyfleet import CommandError, secrets, tcp_ports
from comfyfleet.client.connection import home_of
from comfyfleet.cluster import ClusterSettings, NatsUrl
from comfyfleet.settings import LocalSettings, password_variable
from comfyfleet.tables import ago, console, plain_table
from contracts.errors import OperationError
from runtime.bus import dead_letters, replays
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration
from runtime.supervision import lock


class DeadLetterSettings(ClusterSettings):
    nats_url: NatsUrl


def account() -> tuple[str, str]:
    """Return address and password of the NATS that the settings name, else of the local one."""
    if "COMFYFLEET_NATS_URL" in os.environ:
        settings = DeadLetterSettings()  # pyright: ignore[reportCallIssue] # from the environment
        return settings.nats_url, settings.password(PROVISIONER)
    home = home_of(LocalSettings())
    found = secrets.load(home.secrets) if lock.holder(home.lock) is not None else None
    port = tcp_ports.load(home.ports).get("nats")
    if found is None or port is None:
        raise CommandError(
            f"No fleet runs in {home.path}. Start one with `comfyfleet up`, or name one with "
            f"COMFYFLEET_NATS_URL and {password_variable(PROVISIONER)}."
        )
    return f"nats://127.0.0.1:{port}", found.nats_provisioner


async def show(limit: int) -> None:
    async with administration(*account(), within=0) as jetstream:
        letters, total = await dead_letters.newest(jetstream, limit)
    if not letters:
        console.print("There are no dead letters.")
        return
    table = plain_table("number", "age", "service", "event", "tries", "why")
    for letter in letters:
        why = Text(f"{letter.kind} ({letter.code}): {letter.message}")
        row = (str(letter.number), ago(letter.died_at), letter.service, letter.subject)
        table.add_row(*row, str(letter.deliveries), why)
    console.print(table)
    if total > len(letters):
        console.print(f"{len(letters)} of {total}; -n shows more.")


async def replay(number: int | None) -> None:
    """Replay one dead letter; None means all."""
    async with administration(*account(), within=0) as jetstream:
        if number is None:
            count = len([stored async for stored in replays.replay_all(jetstream)])
            _, left = await dead_letters.newest(jetstream, 0)
            rest = f" {left} are left; replay one by number to see why." if left else ""
            console.print(f"Replayed {count} dead letter{'' if count == 1 else 's'}.{rest}")
        else:
            letter = await replays.replay(jetstream, number)
            console.print(f"Gave {letter.subject} to {letter.service}.", soft_wrap=True)


def run(work: Coroutine[None, None, None]) -> None:
    try:
        asyncio.run(work)
    except OperationError as error:
        raise CommandError(error.message) from error
    except OSError as error:
        raise CommandError(f"NATS does not answer: {error}") from error

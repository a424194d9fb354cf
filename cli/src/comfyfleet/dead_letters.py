"""Lists and replays dead letters as the provisioner of NATS: `python -m …`.

list N        a table of the N newest
replay N|all  gives one event, or all, to the service that could not handle it
"""

import asyncio
import sys

from pydantic import ValidationError
from rich.text import Text

from comfyfleet.cluster import ClusterSettings
from comfyfleet.settings import wrong_setting
from comfyfleet.tables import ago, plain_table, terminal
from contracts.errors import NotFoundError
from runtime.bus import dead_letters
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import administration

console = terminal()


class DeadLetterSettings(ClusterSettings):
    nats_url: str


async def show(settings: DeadLetterSettings, limit: int) -> None:
    async with administration(settings.nats_url, settings.password(PROVISIONER)) as jetstream:
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


async def replay(settings: DeadLetterSettings, which: str) -> None:
    async with administration(settings.nats_url, settings.password(PROVISIONER)) as jetstream:
        if which == "all":
            count = len([letter async for letter in dead_letters.replay_all(jetstream)])
            console.print(f"Replayed {count} dead letter{'' if count == 1 else 's'}.")
        else:
            letter = await dead_letters.replay(jetstream, int(which))
            console.print(f"Gave {letter.subject} to {letter.service}.", soft_wrap=True)


def main(word: str, argument: str) -> None:
    try:
        settings = DeadLetterSettings()  # pyright: ignore[reportCallIssue] # from the environment
        asyncio.run(show(settings, int(argument)) if word == "list" else replay(settings, argument))
    except ValidationError as error:
        sys.exit(f"comfyfleet: {wrong_setting(error)}")
    except NotFoundError as error:
        sys.exit(f"comfyfleet: {error.message}")
    except OSError as error:
        sys.exit(f"comfyfleet: NATS does not answer: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])

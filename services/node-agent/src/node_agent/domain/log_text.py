"""Makes lines for people of what a program wrote to its log."""

import re

LOG_BYTES = 128 * 1024
"""So many bytes, as JSON and with each broken one replaced by three, fit into one message."""
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""A sequence that colors text or moves the cursor of a terminal (ECMA-48)."""


def log_lines(text: bytes, count: int) -> list[str]:
    """Return the newest lines as a terminal would leave them, without control characters."""
    lines = text.decode(errors="replace").removesuffix("\n").split("\n") if text else []
    return [visible(line) for line in lines[-count:]]


def visible(line: str) -> str:
    """Return what a line shows in the end: progress bars write over themselves."""
    last = ESCAPE.sub("", line).rstrip("\r").rpartition("\r")[2]
    return "".join(filter(None, map(shown, last))).rstrip()


def shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else ""

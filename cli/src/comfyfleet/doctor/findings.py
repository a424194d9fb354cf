"""One thing that was examined, and how it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Console
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    title: str
    detail: str
    mend: str = ""
    is_well: bool = True


class IllError(Exception):
    """The thing does not work; says what was seen."""


Examination: TypeAlias = Callable[[], str]
"""Returns what was found, or raises `IllError`."""


def examine(title: str, mend: str, examination: Examination) -> Finding:
    try:
        return Finding(title, examination())
    except IllError as error:
        return Finding(title, str(error), mend, is_well=False)


def show(findings: Sequence[Finding], console: Console) -> bool:
    """Print all; true if nothing is ill."""
    for finding in findings:
        mark = Text("  ok  ", "green") if finding.is_well else Text(" FAIL ", "bold red")
        console.print(mark, Text(f"{finding.title}: {finding.detail}"), soft_wrap=True)
        if not finding.is_well and finding.mend:
            console.print(Text(f"       → {finding.mend}", "yellow"), soft_wrap=True)
    ill = sum(not finding.is_well for finding in findings)
    console.print(f"{ill} of {len(findings)} do not work." if ill else "Everything works.")
    return not ill

"""The result of one check, and how results are printed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Console
from rich.text import Text


@dataclass(frozen=True, slots=True)
class CheckResult:
    title: str
    detail: str
    remedy: str = ""
    passed: bool = True


class CheckFailedError(Exception):
    """The checked thing does not work; the message says what was found."""


Check: TypeAlias = Callable[[], str]
"""Returns what it found, or raises `CheckFailedError`."""


def run_check(title: str, remedy: str, check: Check) -> CheckResult:
    try:
        return CheckResult(title, check())
    except CheckFailedError as error:
        return CheckResult(title, str(error), remedy, passed=False)


def print_results(results: Sequence[CheckResult], console: Console) -> bool:
    """Print all results; return True if every check passed."""
    for result in results:
        mark = Text("  ok  ", "green") if result.passed else Text(" FAIL ", "bold red")
        console.print(mark, Text(f"{result.title}: {result.detail}"), soft_wrap=True)
        if not result.passed and result.remedy:
            console.print(Text(f"       → {result.remedy}", "yellow"), soft_wrap=True)
    failed = sum(not result.passed for result in results)
    console.print(f"{failed} of {len(results)} checks failed." if failed else "Everything works.")
    return not failed

"""Lists the checks of `doctor`, each with the remedy for what it may find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from comfyfleet import CommandError
from comfyfleet.doctor.comfyui import ComfyUIChecks
from comfyfleet.doctor.local import LocalChecks
from comfyfleet.home import Home
from comfyfleet.settings import LocalSettings
from comfyfleet.tables import console
from workflows.compatibility.releases import OLDEST_COMFYUI_TEXT


@dataclass(frozen=True, slots=True)
class CheckResult:
    title: str
    detail: str
    remedy: str = ""
    passed: bool = True


def check_machine(settings: LocalSettings, home: Home) -> list[CheckResult]:
    local = LocalChecks(settings, home)
    return [
        run_check("environment", "Run `make install`.", local.environment),
        run_check("disk", "Free some space, or set COMFYFLEET_HOME to another disk.", local.disk),
        run_check(
            "processes",
            "See `comfyfleet status` and `comfyfleet logs`; a taken port: set COMFYFLEET_PORT.",
            local.processes,
        ),
        run_check(
            "messages",
            "Make the named entries smaller, or keep fewer of them. The next message that fits "
            "ends the problem.",
            local.messages,
        ),
    ]


def check_comfyui(url: str) -> list[CheckResult]:
    """Run all checks of one ComfyUI, or only the first if it cannot be reached."""
    address = url if "://" in url else f"http://{url}"
    comfyui = ComfyUIChecks(address.rstrip("/"))
    first = run_check(
        "ComfyUI",
        "Start it with `python main.py --listen ADDRESS --port PORT`; from another machine, its "
        "address must not be 127.0.0.1 and no firewall may stand between. A path prefix, user "
        "name or token belongs to a proxy in front of it: give the address behind that.",
        comfyui.reachable,
    )
    return [first, *further(comfyui)] if first.passed else [first]


def further(comfyui: ComfyUIChecks) -> list[CheckResult]:
    update = f"Update ComfyUI to {OLDEST_COMFYUI_TEXT} or newer."
    return [
        run_check("version", update, comfyui.version),
        run_check(
            "access",
            "A proxy in front of ComfyUI refuses this machine: let it through.",
            comfyui.access,
        ),
        run_check(
            "websocket",
            "A proxy in between must pass WebSocket upgrades for /ws.",
            comfyui.websocket,
        ),
        run_check(
            "upload",
            "Make ComfyUI's folder `input` writable for its user; look for --max-upload-size.",
            comfyui.upload,
        ),
        run_check(
            "job",
            "See ComfyUI's own log. A queue that does not move means a dead worker: restart it.",
            comfyui.job,
        ),
        run_check(
            "results",
            "Make ComfyUI's folders `output` and `temp` writable for its user.",
            comfyui.pictures,
        ),
        run_check("cancel", update, comfyui.interrupt),
        run_check(
            "abilities",
            "A custom node breaks /object_info: ComfyUI's log names it; remove or update it.",
            comfyui.abilities,
        ),
    ]


def run_check(title: str, remedy: str, check: Callable[[], str]) -> CheckResult:
    """Run a check, which returns what it found, or raises `CommandError` if that does not work."""
    try:
        return CheckResult(title, check())
    except CommandError as error:
        return CheckResult(title, str(error), remedy, passed=False)


def print_results(results: Sequence[CheckResult]) -> bool:
    """Print all results; return True if every check passed."""
    for result in results:
        mark = Text("  ok  ", "green") if result.passed else Text(" FAIL ", "bold red")
        console.print(mark, Text(f"{result.title}: {result.detail}"), soft_wrap=True)
        if not result.passed:
            console.print(Text(f"       → {result.remedy}", "yellow"), soft_wrap=True)
    failed = sum(not result.passed for result in results)
    console.print(f"{failed} of {len(results)} checks failed." if failed else "Everything works.")
    return not failed

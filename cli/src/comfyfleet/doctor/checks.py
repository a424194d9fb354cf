"""Lists the checks of `doctor`, each with its remedy, and has those of this machine."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from rich.text import Text

from comfyfleet import CommandError
from comfyfleet.doctor.comfyui import ComfyUIChecks
from comfyfleet.health import failing_children
from comfyfleet.home import NEEDED_MB, Home
from comfyfleet.services import PREVIEW_ENGINE
from comfyfleet.settings import LocalSettings
from comfyfleet.supervision import state
from comfyfleet.tables import console
from comfyfleet.tcp_ports import bind, load, taken_by
from contracts.services import SERVICES
from runtime.embedded.programs import beside_python, postgres_program
from runtime.supervision import lock
from runtime.supervision.probe import get
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
            "ends the problem. `comfyfleet logs` says why repeated work fails.",
            local.messages,
        ),
    ]


def check_comfyui(url: str) -> list[CheckResult]:
    """Run all checks of one ComfyUI, or only the first if it cannot be reached."""
    comfyui = ComfyUIChecks(address_of(url))
    first = run_check(
        "ComfyUI",
        "Start it with `python main.py --listen ADDRESS --port PORT`; from another machine, its "
        "address must not be 127.0.0.1 and no firewall may stand between. A path prefix, user "
        "name or token belongs to a proxy in front of it: give the address behind that.",
        comfyui.reachable,
    )
    return [first, *further(comfyui)] if first.passed else [first]


def address_of(text: str) -> str:
    """Complete `gpu1:8188` to a URL; raise CommandError for what is no address."""
    address = text if "://" in text else f"http://{text}"
    try:
        url = urlsplit(address)
        is_named = bool(url.port) or "://" in text or "." in text
        is_address = url.scheme in {"http", "https"} and bool(url.hostname) and is_named
    except ValueError:
        is_address = False
    if not is_address:
        raise CommandError(f"“{text}” should be the address of a ComfyUI: http://127.0.0.1:8188")
    return address.rstrip("/")


def further(comfyui: ComfyUIChecks) -> list[CheckResult]:
    update = f"Update ComfyUI to {OLDEST_COMFYUI_TEXT} or newer."
    return [
        run_check("version", update, comfyui.version),
        run_check("settings", update, comfyui.settings),
        run_check(
            "packages",
            "Run `pip install -r requirements.txt` in ComfyUI's folder, and restart it.",
            comfyui.packages,
        ),
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
            "leftovers",
            "Delete `comfyfleet-doctor*` in ComfyUI's folders `input` and `output`.",
            comfyui.leftovers,
        ),
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


@dataclass(frozen=True, slots=True)
class LocalChecks:
    """Each method is one check: it returns what it found, or raises `CommandError`."""

    settings: LocalSettings
    home: Home

    def environment(self) -> str:
        packages = [service.package for service in SERVICES.values()]
        modules = [*packages, PREVIEW_ENGINE.replace("-", "_")]
        if missing := [module for module in modules if not find_spec(f"{module}.__main__")]:
            raise CommandError(f"{sys.prefix} lacks {', '.join(missing)}")
        try:
            programs = [beside_python("nats-server"), beside_python("rclone")]
            programs.append(postgres_program("postgres"))
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        version = ".".join(str(part) for part in sys.version_info[:3])
        return f"Python {version}, {len(modules)} services, {len(programs)} servers"

    def disk(self) -> str:
        place = self.home.path
        while not place.exists():
            place = place.parent
        free_mb = shutil.disk_usage(place).free // 2**20
        if free_mb < NEEDED_MB:
            raise CommandError(f"{free_mb} MiB free at {place}, {NEEDED_MB} MiB are needed")
        return f"{free_mb / 1024:.1f} GiB free at {place}"

    def processes(self) -> str:
        running = state.load(self.home.state)
        if lock.holder(self.home.lock) is None or not running:
            return self.port()
        if unready := [child.name for child in running.children if child.phase != "ready"]:
            raise CommandError(f"not ready: {', '.join(unready)}")
        problems = asyncio.run(failing_children(running.children, load(self.home.ports)))
        if problems:
            lines = (f"{name} {problem}" for name, problem in problems.items())
            raise CommandError(f"the fleet runs on {running.url}, but {'; '.join(lines)}")
        return f"the fleet runs on {running.url}, all {len(running.children)} processes are ready"

    def messages(self) -> str:
        """Find refused messages, deaf subscribers and failing ticks: `/readyz` lists them."""
        if lock.holder(self.home.lock) is None:
            return "no fleet runs"
        ports = load(self.home.ports)
        refused = [
            f"{name}: {line}"
            for name in SERVICES
            if name in ports
            for line in reported_problems(ports[name])
        ]
        if refused:
            raise CommandError("; ".join(refused))
        return "NATS accepts all messages between services"

    def port(self) -> str:
        host, port = self.settings.host, self.settings.port
        listener = bind(host, port)
        if not listener:
            raise CommandError(f"no fleet runs, and port {port} on {host} is taken{taken_by(port)}")
        listener.close()
        return f"no fleet runs; port {port} on {host} is free"


def reported_problems(port: int) -> list[str]:
    """Return the problems that a working service reports in `/readyz`; none if it is silent."""
    answer = asyncio.run(get(port, "/readyz"))
    return answer[1].splitlines()[1:] if answer else []

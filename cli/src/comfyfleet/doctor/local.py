"""Checks of this machine: programs, disk, ports, and the running fleet."""

import asyncio
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from comfyfleet import CommandError
from comfyfleet.health import failing_children
from comfyfleet.home import NEEDED_MB, Home
from comfyfleet.servers.programs import beside_python, postgres_program
from comfyfleet.services import PREVIEW_ENGINE
from comfyfleet.settings import LocalSettings
from comfyfleet.supervision import lock, state
from comfyfleet.supervision.probe import get
from comfyfleet.tcp_ports import bind, load, taken_by
from contracts.services import SERVICES


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
        programs = [beside_python("nats-server"), beside_python("rclone")]
        programs.append(postgres_program("postgres"))
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
        """Find messages between services that NATS refuses: `/readyz` lists them."""
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

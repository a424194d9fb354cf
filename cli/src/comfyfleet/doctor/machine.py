"""The machine itself: programs, ports, disk, and what runs."""

import asyncio
import json
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from comfyfleet.doctor.findings import IllError
from comfyfleet.home import NEEDED_MB, Home
from comfyfleet.loopback import bind, recall, taken_by
from comfyfleet.problem import CommandError
from comfyfleet.servers.programs import beside_python, postgres_program
from comfyfleet.services import PREVIEW_ENGINE
from comfyfleet.settings import LocalSettings
from comfyfleet.supervise import lock, state
from comfyfleet.supervise.probe import ask
from comfyfleet.wellness import unwell
from contracts.services import SERVICES


@dataclass(frozen=True, slots=True)
class Machine:
    settings: LocalSettings
    home: Home

    def environment(self) -> str:
        packages = [service.package for service in SERVICES.values()]
        modules = [*packages, PREVIEW_ENGINE.replace("-", "_")]
        if missing := [module for module in modules if not find_spec(f"{module}.__main__")]:
            raise IllError(f"{sys.prefix} lacks {', '.join(missing)}")
        try:
            programs = [beside_python("nats-server"), beside_python("rclone")]
            programs.append(postgres_program("postgres"))
        except CommandError as error:
            raise IllError(str(error)) from error
        version = ".".join(str(part) for part in sys.version_info[:3])
        return f"Python {version}, {len(modules)} services, {len(programs)} servers"

    def disk(self) -> str:
        place = self.home.path
        while not place.exists():
            place = place.parent
        free_mb = shutil.disk_usage(place).free // 2**20
        if free_mb < NEEDED_MB:
            raise IllError(f"{free_mb} MiB free at {place}, {NEEDED_MB} MiB are needed")
        return f"{free_mb / 1024:.1f} GiB free at {place}"

    def processes(self) -> str:
        running = state.load(self.home.state)
        if lock.holder(self.home.lock) is None or not running:
            return self.port()
        if sick := [child.name for child in running.children if child.phase != "ready"]:
            raise IllError(f"not ready: {', '.join(sick)}")
        ports = json.loads(self.home.ports.read_text())
        if troubles := asyncio.run(unwell(running.children, ports)):
            said = (f"{name} {trouble}" for name, trouble in troubles.items())
            raise IllError(f"the fleet runs on {running.url}, but {'; '.join(said)}")
        return f"the fleet runs on {running.url}, all {len(running.children)} processes are ready"

    def messages(self) -> str:
        """What NATS took of what services tell each other: `/readyz` says what it did not."""
        if lock.holder(self.home.lock) is None:
            return "no fleet runs"
        ports = recall(self.home.ports)
        told = [
            f"{name}: {line}"
            for name in SERVICES
            if name in ports
            for line in troubles(ports[name])
        ]
        if told:
            raise IllError("; ".join(told))
        return "whatever services tell each other is taken"

    def port(self) -> str:
        host, port = self.settings.host, self.settings.port
        listener = bind(host, port)
        if not listener:
            raise IllError(f"no fleet runs, and port {port} on {host} is taken{taken_by(port)}")
        listener.close()
        return f"no fleet runs; port {port} on {host} is free"


def troubles(port: int) -> list[str]:
    """What a service says is the matter although it works; one that is silent is ill elsewhere."""
    answer = asyncio.run(ask(port, "/readyz"))
    return answer[1].splitlines()[1:] if answer else []

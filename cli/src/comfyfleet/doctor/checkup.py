"""Which examinations there are, and how to mend what each may find."""

from comfyfleet.doctor.findings import Finding, examine
from comfyfleet.doctor.machine import Machine
from comfyfleet.doctor.server import Server
from comfyfleet.home import Home
from comfyfleet.settings import LocalSettings
from workflows.compatibility.releases import OLDEST_COMFYUI_TEXT


def check_machine(settings: LocalSettings, home: Home) -> list[Finding]:
    machine = Machine(settings, home)
    return [
        examine("environment", "Run `make install`.", machine.environment),
        examine("disk", "Free some space, or set COMFYFLEET_HOME to another disk.", machine.disk),
        examine(
            "processes",
            "See `comfyfleet status` and `comfyfleet logs`; a taken port: set COMFYFLEET_PORT.",
            machine.processes,
        ),
        examine(
            "messages",
            "Make what it names smaller, or fewer of its kind: the next one that fits ends this.",
            machine.messages,
        ),
    ]


def check_server(url: str) -> list[Finding]:
    """Everything about one ComfyUI; nothing but the first if it cannot be reached."""
    address = url if "://" in url else f"http://{url}"
    server = Server(address.rstrip("/"))
    first = examine(
        "ComfyUI",
        "Start it with `python main.py --listen ADDRESS --port PORT`; from another machine, its "
        "address must not be 127.0.0.1 and no firewall may stand between. A path prefix, user "
        "name or token belongs to a proxy in front of it: give the address behind that.",
        server.reachable,
    )
    return [first, *further(server)] if first.is_well else [first]


def further(server: Server) -> list[Finding]:
    update = f"Update ComfyUI to {OLDEST_COMFYUI_TEXT} or newer."
    return [
        examine("version", update, server.version),
        examine(
            "access",
            "A proxy in front of ComfyUI refuses us: let this machine through.",
            server.open_to_us,
        ),
        examine(
            "websocket",
            "A proxy in between must pass WebSocket upgrades for /ws.",
            server.websocket,
        ),
        examine(
            "upload",
            "Make ComfyUI's folder `input` writable for its user; look for --max-upload-size.",
            server.upload,
        ),
        examine(
            "job",
            "See ComfyUI's own log. A queue that does not move means a dead worker: restart it.",
            server.job,
        ),
        examine(
            "results",
            "Make ComfyUI's folders `output` and `temp` writable for its user.",
            server.pictures,
        ),
        examine("cancel", update, server.interrupt),
        examine(
            "abilities",
            "A custom node breaks /object_info: ComfyUI's log names it; remove or update it.",
            server.abilities,
        ),
    ]

"""Runs ComfyUI servers as children of the agent: one for each device of the settings.

A server outlives an agent that is killed, with the prompts inside it, and the next agent takes it
over. An agent that is stopped stops its servers.
"""

import asyncio
import hashlib
import json
import os
import shlex
import socket
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from uuid import UUID

import structlog

from contracts.scheduler.nodes import NodeSettings
from node_agent.adapters.gpu_load import GpuLoads, load_of
from node_agent.adapters.server_record import ServerRecord
from node_agent.domain.log_text import LOG_BYTES, log_lines
from node_agent.domain.managed import ManagedServer, RecycleLimits, WarmUp, node_id_of
from node_agent.domain.managed_settings import ManagedSettings
from runtime.process.service import Runtime
from runtime.supervision.child import ChildSpec
from runtime.supervision.lock import Lock
from runtime.supervision.log_file import last_words, newest
from runtime.supervision.memory import tree_mb
from runtime.supervision.pid_file import end_leftovers
from runtime.supervision.probe import answers_ok
from runtime.supervision.restarting_child import RestartingChild

log = structlog.get_logger()
PROBED_PATH = "/queue"
VITALS_SECONDS = 5.0
STOP_SECONDS = 10.0
OURS = "COMFYFLEET_"
"""Variables of the agent, which hold its password: custom nodes must not read them."""


@dataclass(frozen=True, slots=True)
class Place:
    """One server to run: its name, its port and the device that it sees."""

    name: str
    port: int
    device: str | None


@dataclass(slots=True, eq=False)
class RunningServer:
    """A server with its process; tells `server` whatever happens to the process."""

    server: ManagedServer
    device: str | None
    record: ServerRecord
    child: RestartingChild = field(init=False)

    def changed(self) -> None:
        state, server = self.child.state, self.server
        log.info("server_changed", node_id=str(server.node_id), phase=state.phase, note=state.note)
        match state.phase:
            case "starting":
                server.began()
            case "ready":
                server.ready(was_adopted=self.child.was_adopted)
                if self.child.was_adopted and (known := self.record.read()):
                    server.attempts, server.settled_mb = known
            case "waiting":
                server.died(f"{state.note}: {last_words(self.child.log_path)}")
            case "stopping" | "stopped":
                server.stopped()
        server.changed()

    def restart_in(self) -> float | None:
        at = self.child.restart_at
        return None if at is None else at - monotonic()

    async def measure(self, loads: Mapping[str, float]) -> None:
        self.server.gpu_load = load_of(self.device, loads)
        if pid := self.child.state.pid:
            self.server.measured(await asyncio.to_thread(tree_mb, pid))

    def keep(self) -> None:
        self.record.write(self.server.attempts, self.server.settled_mb)


async def watch_vitals(running: Sequence[RunningServer], gpus: GpuLoads) -> None:
    while True:
        for one in running:
            await one.measure(gpus.now)
        await asyncio.sleep(VITALS_SECONDS)


@asynccontextmanager
async def running_servers(
    settings: ManagedSettings, runtime: Runtime, machine: str, pool: str
) -> AsyncGenerator[Mapping[UUID, ManagedServer], None]:
    """Keep the servers of the settings alive, and stop them at the end.

    An error, or a cancellation, leaves them to the next agent.
    """
    places = places_of(settings, machine)
    if not places:
        yield {}
        return
    folder = settings.run_dir.resolve()
    with locked(folder):
        running = await prepared(settings, places, machine, pool)
        tasks = {
            one.child: runtime.spawn(one.child.run(), name=f"server {one.child.spec.name}")
            for one in running
        }
        gpus = GpuLoads()
        runtime.spawn(gpus.watch(), name="load of GPUs")
        runtime.spawn(watch_vitals(running, gpus), name="vitals of servers")
        yield {one.server.node_id: one.server for one in running}
        await asyncio.gather(*(child.stop(task) for child, task in tasks.items()))


@contextmanager
def locked(folder: Path) -> Generator[None, None, None]:
    """Keep the folder for this agent. Raises RuntimeError if another living one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / "agent.lock")
    if not lock.take():
        raise RuntimeError(f"another agent runs its servers in {folder}: set COMFYFLEET_RUN_DIR")
    try:
        yield
    finally:
        lock.release()


async def prepared(
    settings: ManagedSettings, places: Sequence[Place], machine: str, pool: str
) -> list[RunningServer]:
    """Return the servers to run; end processes of earlier agents that are none of them."""
    folder = settings.run_dir.resolve()
    specs = {place: spec_of(settings, place, folder, len(places)) for place in places}
    keep = {spec.name: spec.fingerprint for spec in specs.values()}
    for name in await asyncio.to_thread(end_leftovers, folder, keep):
        log.info("server_ended", name=name, reason="it was started with other settings")
    return [
        running_server(settings, spec, place, node_of(place, machine, pool))
        for place, spec in specs.items()
    ]


def node_of(place: Place, machine: str, pool: str) -> NodeSettings:
    url = f"http://127.0.0.1:{place.port}"
    return NodeSettings(name=place.name[:80], base_url=url, machine=machine, pool=pool)


def running_server(
    settings: ManagedSettings, spec: ChildSpec, place: Place, node: NodeSettings
) -> RunningServer:
    folder = settings.run_dir.resolve()
    warm_up = None
    if settings.warm_up_workflow:
        inputs, seconds = settings.warm_up_inputs, settings.warm_up_seconds
        warm_up = WarmUp(settings.warm_up_workflow, inputs, seconds)
    server = ManagedServer(
        node_id=node_id_of(node),
        node=node,
        log=partial(read_log, folder / f"{spec.name}.log"),
        limits=RecycleLimits(
            settings.recycle_after_attempts, settings.recycle_above_mb, settings.recycle_growth_mb
        ),
        warm_up=warm_up,
    )
    one = RunningServer(server, place.device, ServerRecord(folder, spec.name))
    one.child = RestartingChild(spec, run_folder=folder, logs=folder, changed=one.changed)
    server.restart, server.restart_in = one.child.restart, one.restart_in
    server.keep = one.keep
    return one


def read_log(path: Path, count: int) -> list[str]:
    return log_lines(newest(path, LOG_BYTES), count)


def places_of(settings: ManagedSettings, machine: str) -> list[Place]:
    if not settings.comfyui_command:
        return []
    first = settings.comfyui_port
    devices = [device.strip() for device in settings.comfyui_devices.split(",") if device.strip()]
    if not devices:
        return [Place(machine, first, None)]
    return [Place(f"{machine}-{d}", first + n, d) for n, d in enumerate(devices)]


def spec_of(settings: ManagedSettings, place: Place, folder: Path, count: int) -> ChildSpec:
    """Describe the process; what ComfyUI would share with its neighbors is a file of its own."""
    name, port = f"comfyui-{place.port}", str(place.port)
    values = {"{port}": port, "{device}": place.device or ""}
    command = shlex.split(settings.comfyui_command)
    if not any("{port}" in word for word in command):
        command += ["--listen", "127.0.0.1", "--port", port]
        if count > 1:
            database = f"sqlite:///{folder / f'{name}.db'}"
            command += ["--temp-directory", str(folder / name), "--database-url", database]
    own = {key: filled(text, values) for key, text in settings.comfyui_environment.items()}
    if place.device is not None:
        # in the order of the bus, as nvidia-smi numbers them
        own = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": place.device} | own
    command = [filled(word, values) for word in command]
    directory = settings.comfyui_directory
    parts = json.dumps([command, sorted(own.items()), str(directory)])
    inherited = {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
    return ChildSpec(
        name=name,
        command=tuple(command),
        is_ready=partial(answers_ok, place.port, PROBED_PATH),
        environment=inherited | {"PYTHONUNBUFFERED": "1"} | own,
        directory=directory,
        stop_seconds=STOP_SECONDS,
        silent_seconds=settings.comfyui_silent_seconds,
        before=partial(refuse_taken, place.port),
        outlives_parent=True,
        # a digest, since the environment may hold secrets
        fingerprint=hashlib.blake2b(parts.encode(), digest_size=12).hexdigest(),
    )


def filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def refuse_taken(port: int) -> None:
    """Raise OSError if another program has the port: it would be taken for the server."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise OSError(f"port {port} is taken by another program") from error

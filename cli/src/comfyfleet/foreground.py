"""Runs the supervisor process: starts the fleet, keeps it up until a signal, stops it."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from comfyfleet import CommandError, engines, tcp_ports
from comfyfleet.boot import Boot
from comfyfleet.home import Home
from comfyfleet.secrets import FleetSecrets
from comfyfleet.services import PORTS, Fleet
from comfyfleet.settings import LocalSettings
from comfyfleet.supervision.state import FleetPhase, FleetState
from comfyfleet.supervision.supervisor import Supervisor
from runtime.supervision import pid_file
from runtime.supervision.lock import Lock

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def report(line: str) -> None:
    print(f"· {line}", flush=True)


@dataclass(slots=True)
class Foreground:
    """One supervisor process and the fleet below it.

    `when_ready` is called once the fleet is up, with its URL and a function that returns True
    while the fleet stops. It runs in a thread that nobody waits for, so that a signal ends the
    fleet at once.
    """

    settings: LocalSettings
    home: Home
    secrets: FleetSecrets
    when_ready: Callable[[str, Callable[[], bool]], None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def run(self) -> None:
        """Return when stopped by a signal; raise `CommandError` if it cannot start."""
        lock = Lock(self.home.lock)
        if not lock.take():
            raise CommandError("Another ComfyFleet has just started in this home.")
        try:
            for name in pid_file.end_leftovers(self.home.run):
                report(f"ended {name}, left over from a killed run")
            tcp_ports.check_public(self.settings.host, self.settings.port)
            asyncio.run(self._life())
        finally:
            lock.release()

    async def _life(self) -> None:
        settings = self.settings
        chosen = await engines.choose(settings.comfyui_urls, settings.comfyui_command)
        ports = tcp_ports.choose(self.home.ports, PORTS)
        fleet = Fleet(self.settings, self.home, self.secrets, ports)
        state = FleetState(
            phase="starting",
            pid=os.getpid(),
            url=fleet.public_url,
            engines=chosen.reason,
        )
        supervisor = Supervisor(state, run=self.home.run, logs=self.home.logs, report=report)
        report(f"GPU servers: {chosen.reason}")
        starting = asyncio.create_task(Boot(fleet, supervisor, chosen, report).start())
        self._stop_on_signals(starting)
        try:
            await self._serve(starting, supervisor)
        except CommandError as error:
            set_phase(supervisor, "failed", str(error))
            raise
        finally:
            if state.phase != "failed":
                set_phase(supervisor, "stopping")
            report("stopping")
            await supervisor.stop()

    def _stop_on_signals(self, starting: asyncio.Task[None]) -> None:
        def stop() -> None:
            self._stop.set()
            starting.cancel()

        for name in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(name, stop)

    async def _serve(self, starting: asyncio.Task[None], supervisor: Supervisor) -> None:
        try:
            await starting
        except asyncio.CancelledError:
            if self._stop.is_set():
                return
            raise
        set_phase(supervisor, "ready")
        report(f"ready: {supervisor.fleet.url}")
        if self.when_ready:
            arguments = (supervisor.fleet.url, self._stop.is_set)
            threading.Thread(target=self.when_ready, args=arguments, daemon=True).start()
        await supervisor.watch(self._stop)


def set_phase(supervisor: Supervisor, phase: FleetPhase, problem: str | None = None) -> None:
    supervisor.fleet.phase = phase
    supervisor.fleet.problem = problem
    supervisor.note("")

"""The supervisor process: starts the fleet, keeps it up until a signal, stops it."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from comfyfleet import engines, loopback
from comfyfleet.boot import Boot
from comfyfleet.home import Home
from comfyfleet.problem import CommandError
from comfyfleet.services import PORTS, Fleet
from comfyfleet.settings import LocalSettings
from comfyfleet.supervise import pidfile
from comfyfleet.supervise.lock import Lock
from comfyfleet.supervise.state import FleetPhase, FleetState
from comfyfleet.supervise.supervisor import Supervisor
from comfyfleet.vault import Vault

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def say(line: str) -> None:
    print(f"· {line}", flush=True)


@dataclass(slots=True)
class Foreground:
    """`when_ready` gets the fleet's URL once it is up, and what says whether it is to stop.

    It runs in a thread that nobody waits for, so that a signal ends the fleet at once.
    """

    settings: LocalSettings
    home: Home
    vault: Vault
    when_ready: Callable[[str, Callable[[], bool]], None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def run(self) -> None:
        """Return when stopped by a signal; raise `CommandError` if it cannot start."""
        lock = Lock(self.home.lock)
        if not lock.take():
            raise CommandError("Another ComfyFleet has just started in this home.")
        try:
            for name in pidfile.end_leftovers(self.home.run):
                say(f"ended {name}, left over from a killed run")
            loopback.check_public(self.settings.host, self.settings.port)
            asyncio.run(self._life())
        finally:
            lock.release()

    async def _life(self) -> None:
        chosen = await engines.choose(self.settings.comfyui_urls)
        ports = loopback.choose(self.home.ports, PORTS)
        fleet = Fleet(self.settings, self.home, self.vault, ports)
        state = FleetState(
            phase="starting",
            pid=os.getpid(),
            url=fleet.public_url,
            since=datetime.now(UTC),
            engines=chosen.reason,
        )
        supervisor = Supervisor(state, run=self.home.run, logs=self.home.logs)
        say(f"GPU servers: {chosen.reason}")
        starting = asyncio.create_task(Boot(fleet, supervisor, chosen, say).start())
        self._listen(starting)
        try:
            await self._serve(starting, supervisor)
        except CommandError as error:
            enter(supervisor, "failed", str(error))
            raise
        finally:
            if state.phase != "failed":
                enter(supervisor, "stopping")
            say("stopping")
            await supervisor.stop()

    def _listen(self, starting: asyncio.Task[None]) -> None:
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
        enter(supervisor, "ready")
        say(f"ready: {supervisor.fleet.url}")
        if self.when_ready:
            arguments = (supervisor.fleet.url, self._stop.is_set)
            threading.Thread(target=self.when_ready, args=arguments, daemon=True).start()
        await supervisor.watch(self._stop)


def enter(supervisor: Supervisor, phase: FleetPhase, problem: str | None = None) -> None:
    supervisor.fleet.phase = phase
    supervisor.fleet.since = datetime.now(UTC)
    supervisor.fleet.problem = problem
    supervisor.note("")

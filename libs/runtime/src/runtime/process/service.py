"""Sets a service up: logs, traces, health, the bus, and tasks that end the process if one fails."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from contracts.services import ServiceName
from runtime.bus.client import Bus
from runtime.process.health import Health, serve_ops
from runtime.process.logs import configure_logs
from runtime.process.run import stop_on_signals
from runtime.process.settings import FleetSettings
from runtime.process.telemetry import configure_traces

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of a running service that every service has."""

    bus: Bus
    stop: asyncio.Event
    health: Health
    group: asyncio.TaskGroup
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run `work` beside the service; if it raises, the whole process ends with status 1."""
        task = self.group.create_task(work, name=name)
        self.tasks.append(task)
        return task

    def ready(self) -> None:
        self.health.is_ready = True
        log.info("service_ready")

    async def until_stopped(self) -> None:
        """Be ready, and wait until a signal asks the process to stop."""
        self.ready()
        await self.stop.wait()


@asynccontextmanager
async def running(settings: FleetSettings, service: ServiceName) -> AsyncGenerator[Runtime, None]:
    """Set a service up; on leaving, cancel its tasks, drain the bus and flush the traces."""
    configure_logs(settings, service)
    traces = configure_traces(settings, service)
    stop, health = stop_on_signals(), Health()
    url, password = settings.nats_url, settings.nats_password.get_secret_value()
    try:
        async with (
            Bus.connect(url, service=service, password=password) as bus,
            asyncio.TaskGroup() as group,
        ):
            runtime = Runtime(bus, stop, health, group)
            health.checks["nats"] = bus.ping
            health.warnings.append(bus.warning)
            runtime.spawn(leave_when_lost(bus), name="bus")
            if settings.ops_port:
                ops = serve_ops(health, host=settings.ops_host, port=settings.ops_port)
                runtime.spawn(ops, name="ops")
            try:
                yield runtime
            finally:
                log.info("service_stopping")
                stop.set()
                await cancel_all(runtime.tasks)
    finally:
        traces.shutdown()


async def cancel_all(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: `asyncio.wait_for` of Python 3.11 can lose a cancellation."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=1)


async def leave_when_lost(bus: Bus) -> None:
    """End the process if the bus was closed for good: a restart connects anew."""
    await bus.closed.wait()
    raise ConnectionError("the connection to NATS was closed")

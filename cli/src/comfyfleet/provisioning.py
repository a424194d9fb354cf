"""The supervisor's side of `provision.py`: what it orders, and how the two talk."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from comfyfleet.problem import CommandError
from comfyfleet.supervise.child import python
from comfyfleet.supervise.logfile import last_lines

CONFIGURED = "configured"
GO = "go"
PROVISIONER = "provisioner"
SECONDS = 60.0


class Order(BaseModel):
    nats_config: Path
    nats_store: Path
    nats_port: int
    nats_monitor_port: int
    nats_passwords: dict[str, str]
    postgres_url: str
    postgres_passwords: dict[str, str]


class Prepared(BaseModel):
    database_urls: dict[str, str]


@dataclass(frozen=True, slots=True)
class Provisioner:
    """The running process. Each step raises `CommandError` if it fails or takes too long."""

    process: asyncio.subprocess.Process
    log: Path

    async def configured(self) -> None:
        """Return once NATS' configuration is written."""
        if await self._line() != CONFIGURED:
            raise self._failure()

    async def prepare(self) -> Prepared:
        """Fill both servers, which must be up by now."""
        self.say(GO)
        line = await self._line()
        if not line:
            raise self._failure()
        return Prepared.model_validate_json(line)

    def say(self, line: str) -> None:
        if self.process.stdin:
            self.process.stdin.write(f"{line}\n".encode())

    async def _line(self) -> str:
        if not self.process.stdout:
            return ""
        try:
            async with asyncio.timeout(SECONDS):
                return (await self.process.stdout.readline()).decode().strip()
        except TimeoutError:
            return ""

    def _failure(self) -> CommandError:
        words = [line for line in last_lines(self.log, 5) if line.strip()]
        last = words[-1].strip() if words else "nothing"
        return CommandError(
            f"NATS and Postgres cannot be prepared for the services: “{last}”. "
            f"The whole story: {self.log}"
        )


@asynccontextmanager
async def provisioner(order: Order, log: Path) -> AsyncGenerator[Provisioner, None]:
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *python("-m", "comfyfleet.provision"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    running = Provisioner(process, log)
    try:
        running.say(order.model_dump_json())
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()

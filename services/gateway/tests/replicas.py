"""Gateways as processes of their own beside that of the fleet, to be stopped and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from runtime.testing.ports import eventually, free_port
from runtime.testing.servers import NatsServer


@dataclass
class Replica:
    """One gateway, always on the same port."""

    nats: NatsServer
    settings: dict[str, Any]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        settings = {
            "nats_url": self.nats.url,
            "nats_password": self.nats.passwords["gateway"],
            "port": self.port,
            "url_secret": "u" * 32,
            "idempotency_secret": "i" * 32,
            "log_level": "error",
            **self.settings,
        }
        names = {f"COMFYFLEET_{name.upper()}": str(value) for name, value in settings.items()}
        self.process = await asyncio.to_thread(
            subprocess.Popen, [sys.executable, "-m", "gateway"], env={**os.environ, **names}
        )
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:

            async def answers() -> bool:
                assert self.process
                assert self.process.poll() is None, "the gateway ended"
                try:
                    return (await client.get("/readyz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(answers, 30)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process:
            self.process.send_signal(how)
            await asyncio.to_thread(self.process.wait, 20)
            self.process = None


@asynccontextmanager
async def a_replica(nats: NatsServer, **settings: Any) -> AsyncGenerator[Replica, None]:
    replica = Replica(nats, settings)
    await replica.start()
    try:
        yield replica
    finally:
        await replica.stop(signal.SIGKILL)

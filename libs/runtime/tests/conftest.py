from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from runtime.testing.servers import NatsServer, nats_server

from .fleet import Fleet


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS of its own for a test: a durable subscriber reads all events of the stream."""
    with nats_server(tmp_path) as server:
        yield server


@pytest.fixture
async def fleet(server: NatsServer) -> AsyncGenerator[Fleet, None]:
    async with AsyncExitStack() as stack:
        yield Fleet(server, stack)

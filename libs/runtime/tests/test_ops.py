"""Health and metrics over HTTP, as supervisors, Kubernetes and Prometheus ask for them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import httpx

from runtime.process.health import Health, serve_ops
from runtime.testing.ports import eventually, free_port


@asynccontextmanager
async def served(health: Health) -> AsyncGenerator[httpx.AsyncClient, None]:
    port = free_port()
    serving = asyncio.create_task(serve_ops(health, host="127.0.0.1", port=port))

    async def answers() -> bool:
        try:
            return (await client.get("/healthz")).is_success
        except httpx.TransportError:
            return False

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await eventually(answers)
        yield client
    serving.cancel()
    await asyncio.wait({serving})


async def test_a_ready_service_adds_its_warnings_as_further_lines() -> None:
    warnings: list[str | None] = [None]
    health = Health(is_ready=True, warnings=[lambda: warnings[-1]])

    async with served(health) as client:
        assert (await client.get("/readyz")).text == "ok\n"
        warnings.append("NATS refused x")
        answer = await client.get("/readyz?verbose")
    assert (answer.status_code, answer.text) == (200, "ok\nNATS refused x\n")


async def test_a_service_that_cannot_work_says_what_it_waits_for() -> None:
    async def is_there() -> bool:
        return False

    async with served(Health(is_ready=False, checks={"database": is_there})) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "waiting for: starting, database\n")


async def test_metrics_are_text_and_another_path_is_not_found() -> None:
    async with served(Health()) as client:
        metrics = await client.get("/metrics")
        assert (await client.get("/")).status_code == 404
    assert "python_info" in metrics.text
    assert metrics.headers["content-type"].startswith("text/plain; version=")


async def test_a_client_that_speaks_no_http_is_dropped_and_harms_nobody() -> None:
    async with served(Health(is_ready=True)) as client:
        for nonsense in (b"nonsense\r\n\r\n", b"GET " + b"a" * 100_000):
            host, port = client.base_url.host, client.base_url.port
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(nonsense)
            with suppress(ConnectionResetError):  # it does not read all of it
                assert await reader.read() == b""
            writer.close()
        assert (await client.get("/readyz")).text == "ok\n"

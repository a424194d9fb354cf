"""Asks a child on loopback whether it is ready, without an HTTP library in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

Probe: TypeAlias = Callable[[], Awaitable[bool]]

ANSWER_SECONDS = 2.0
OK = 200
BODY_BYTES = 16 * 1024


async def get(port: int, path: str) -> tuple[int, str] | None:
    """Return status and beginning of the body of `GET path`; None if nobody answers."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, IndexError):
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                status = int((await reader.readline()).split()[1])
                while (await reader.readline()).strip():
                    pass  # headers
                return status, (await reader.read(BODY_BYTES)).decode(errors="replace").strip()
            finally:
                writer.close()
    return None


async def answers_ok(port: int, path: str) -> bool:
    answer = await get(port, path)
    return answer is not None and answer[0] == OK


async def answers(port: int) -> bool:
    return await get(port, "/") is not None


async def succeeds(*command: str) -> bool:
    """Return whether a short program ends with 0. It is killed if nobody waits for it any more."""
    nowhere = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdout=nowhere, stderr=nowhere)
    except OSError:
        return False
    try:
        return await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

"""A server that gives prepared answers, for what the preview engine never says."""

from asyncio import StreamReader, StreamWriter, start_server
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from runtime.testing.ports import free_port


@asynccontextmanager
async def tiny_server(answer: Callable[[str], bytes]) -> AsyncGenerator[str, None]:
    """Yield the address; `answer` takes the path with its query, and returns head and body."""

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(request.split()[1].decode()))
        await writer.drain()
        writer.close()

    port = free_port()
    async with await start_server(handle, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"


def ok(body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body

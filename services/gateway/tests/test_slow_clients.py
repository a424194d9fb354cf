"""Clients that do not read, or do not send, while others download and upload."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from starlette.types import Message

from gateway.http.middleware import limited
from gateway.http.pace import Pace
from gateway.http.problems import RefusedError
from gateway.http.streaming import ABORT, LongAnswer, paced
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, S3Server

from .fleet import Fleet, a_fleet
from .store import FakeMedia
from .test_streaming import SCOPE, Held, chunks

LARGE = b"x" * 8_000_000
FORM = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n"


@asynccontextmanager
async def open_sockets(
    fleet: Fleet, count: int, head: bytes
) -> AsyncGenerator[list[asyncio.StreamReader], None]:
    """Send the head of a request on each, and then neither read nor write."""
    address = urlsplit(fleet.url)
    async with AsyncExitStack() as stack:
        readers: list[asyncio.StreamReader] = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection(
                address.hostname, address.port, limit=1_024
            )
            stack.callback(writer.close)
            writer.write(head)
            readers.append(reader)
        yield readers


async def uploaded(fleet: Fleet, headers: dict[str, str], content: bytes = b"small") -> Any:
    answer = await fleet.client.post(
        "/v1/media", data={"kind": "file"}, files={"file": ("a.bin", content)}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def another_user(fleet: Fleet) -> dict[str, str]:
    """Return the headers of a user whom the gateway knows."""
    user_id = uuid4()
    await fleet.has_new_user(user_id)
    token = fleet.signer.token(user_id, ["media:read", "media:write"])
    return {"Authorization": f"Bearer {token}"}


async def test_readers_who_do_not_read_take_no_download_from_others(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats, max_downloads=16) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        other, url = await another_user(fleet), (await uploaded(fleet, {}, LARGE))["url"]
        theirs = await uploaded(fleet, other)
        head = f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        async with open_sockets(fleet, 40, head) as readers:
            begun = asyncio.as_completed([reader.readline() for reader in readers])
            assert b"200" in await next(begun)
            answer = await fleet.client.get(f"/v1/media/{theirs['id']}/content", headers=other)
            mine = await fleet.client.get(url.partition("?")[0])

        assert (answer.status_code, answer.content) == (200, b"small")
        assert mine.content == LARGE


async def test_writers_who_do_not_write_take_no_upload_from_others(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats, max_uploads=4) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        other = await another_user(fleet)
        token = fleet.headers()["Authorization"]
        head = (
            f"POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n{FORM}\r\n--b"
        ).encode()
        async with open_sockets(fleet, 40, head):
            for _ in range(3):
                await uploaded(fleet, other)


def open_transfers() -> tuple[float | None, float | None]:
    """Return the places that downloads and uploads hold in the gateway of this process."""
    value, name = REGISTRY.get_sample_value, "comfyfleet_open_transfers"
    return value(name, {"kind": "download"}), value(name, {"kind": "upload"})


async def test_hundreds_of_slow_clients_hold_their_shares_and_give_them_back(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats, rate_per_second=0) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        other, mine = await another_user(fleet), await uploaded(fleet, {}, LARGE)
        theirs = await uploaded(fleet, other)
        token = f"Authorization: {fleet.headers()['Authorization']}\r\n"
        own, by_link = f"/v1/media/{mine['id']}/content", mine["url"]
        heads = [
            f"GET {own} HTTP/1.1\r\nHost: x\r\n{token}\r\n",
            f"GET {by_link} HTTP/1.1\r\nHost: x\r\n\r\n",
            f"POST /v1/media HTTP/1.1\r\nHost: x\r\n{token}{FORM}\r\n--b",
        ]
        async with AsyncExitStack() as slow:
            for head, count in zip(heads, (100, 100, 200), strict=True):
                await slow.enter_async_context(open_sockets(fleet, count, head.encode()))
            await eventually(lambda: open_transfers() == (50 + 12, 8))
            answer = await fleet.client.get(f"/v1/media/{theirs['id']}/content", headers=other)
            await uploaded(fleet, other)

            assert answer.content == b"small"
        await eventually(lambda: open_transfers() == (0, 0))
        assert (await fleet.client.get(own)).content == LARGE


async def test_a_client_that_takes_too_little_is_cut_off_and_its_bytes_are_dropped() -> None:
    cut = asyncio.Event()

    async def slow(message: Message) -> None:
        await asyncio.sleep(0)
        if message["type"] == "http.response.body" and not cut.is_set():
            pace.waited_seconds += 1.0

    async def gone() -> Message:
        await cut.wait()
        return {"type": "http.disconnect"}

    held, pace = Held(), Pace(bytes_per_second=1_000.0, grace_seconds=5.0)
    scope = SCOPE | {ABORT: cut.set}
    async with asyncio.timeout(5):
        await LongAnswer(chunks(), held.stack, headers={})(scope, gone, paced(scope, slow, pace))

    assert held.count == 1
    assert pace.bytes_moved < 10


async def test_a_body_that_comes_too_slowly_is_refused() -> None:
    async def receive() -> Message:
        pace.waited_seconds += 1.0
        return {"type": "http.request", "body": b"x", "more_body": True}

    pace = Pace(bytes_per_second=1_000.0, grace_seconds=5.0)
    counted = limited(receive, 1_000_000, pace)

    async def read_all() -> None:
        while True:
            await counted()
            await asyncio.sleep(0)

    with pytest.raises(RefusedError) as refused:
        async with asyncio.timeout(5):
            await read_all()
    assert refused.value.status == 408
    assert pace.bytes_moved < 10


async def test_after_the_body_waiting_for_the_client_to_leave_has_no_limit() -> None:
    messages: list[Message] = [{"type": "http.request"}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    pace = Pace(bytes_per_second=1_000.0, grace_seconds=1.0)
    counted = limited(receive, 1_000_000, pace)
    await counted()
    pace.waited_seconds = 100.0

    assert (await counted())["type"] == "http.disconnect"

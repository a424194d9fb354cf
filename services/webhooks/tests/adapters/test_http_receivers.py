"""Requests go to public servers alone, once, and little of an answer is kept."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

import httpx
import pytest

from runtime.public_hosts import Network
from runtime.testing.receiver import a_receiver
from webhooks.adapters.http_receivers import HttpReceivers
from webhooks.domain.records import Answer

LOOPBACK = (ip_network("127.0.0.0/8"),)


async def posted(url: str, allowed: Sequence[Network] = LOOPBACK, seconds: float = 10) -> Answer:
    async with HttpReceivers.open(allowed, seconds) as receivers:
        return await receivers.post(url, {"webhook-id": "a"}, b"{}")


async def test_the_answer_is_kept_in_part() -> None:
    with a_receiver(status=202, body=b"x" * 300_000) as receiver:
        answer = await posted(receiver.url)
        assert (answer.status, answer.text, answer.error) == (202, "x" * 1024, None)
        [request] = receiver.requests
        assert (request.path, request.body, request.id) == ("/hooks", b"{}", "a")
        assert request.headers["host"] == receiver.url.split("/")[2]


async def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    with a_receiver() as target, a_receiver(status=307) as receiver:
        receiver.headers["Location"] = target.url
        answer = await posted(receiver.url)
        assert (answer.status, answer.error) == (307, "the receiver answered 307")
        assert not target.requests


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"),
        *("169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "[fe80::1]", "224.0.0.1", "0.0.0.1"),
    ],
)
async def test_no_name_and_no_spelling_of_a_private_host_is_reached(host: str) -> None:
    with a_receiver() as receiver:
        port = receiver.url.split(":")[2]
        answer = await posted(f"http://{host}:{port}", allowed=())
        assert answer.status is None
        assert "cannot be used" in (answer.error or "")
        assert not receiver.requests


async def test_a_url_that_names_a_private_address_is_refused_when_it_is_registered() -> None:
    async with HttpReceivers.open((), 1) as receivers:
        for host in ("127.0.0.1", "10.1.2.3", "localhost", "[::1]", "169.254.169.254"):
            assert receivers.refuse(f"http://{host}/")
        assert receivers.refuse("https://example.org/") is None
    async with HttpReceivers.open(LOOPBACK, 1) as receivers:
        assert receivers.refuse("http://127.0.0.1:80/") is None


async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TLS and the server still know the host by its name."""
    sent: list[httpx.Request] = []

    async def body() -> AsyncIterator[bytes]:
        yield b"ok"

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, content=body())

    async def checked(_host: str, _port: int, _allowed: object) -> str:
        return "2001:db8::7"

    monkeypatch.setattr("webhooks.adapters.http_receivers.checked_address", checked)
    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as client:
        await HttpReceivers(client, (), 5).post("https://hooks.example:8443/a?b=c", {}, b"{}")

    [request] = sent
    assert str(request.url) == "https://[2001:db8::7]:8443/a?b=c"
    assert request.headers["Host"] == "hooks.example:8443"
    assert request.extensions["sni_hostname"] == "hooks.example"


async def test_silence_an_unknown_name_and_a_closed_port_are_failures_with_a_reason() -> None:
    with a_receiver(hangs=True) as receiver:
        silent = await posted(receiver.url, seconds=0.1)
        assert silent.error == "the receiver did not answer within 0.1 s"
    closed = await posted(receiver.url)
    assert closed.error == "the receiver cannot be reached (ConnectError)"
    unknown = await posted("http://no.such.host.invalid/")
    assert "has no address" in (unknown.error or "")
    odd = await posted("http://[::1/")
    assert odd.error == "the URL cannot be used"


@asynccontextmanager
async def a_server(answer: bytes, *, then_hangs: bool) -> AsyncGenerator[str, None]:
    """Answer with these bytes, however they look; then hold the connection or end it."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(answer)
        await writer.drain()
        if then_hangs:
            await ended.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        ended.set()
        server.close()


async def test_a_status_that_came_counts_whatever_becomes_of_the_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webhooks.adapters.http_receivers.BODY_SECONDS", 0.1)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin"
    for then_hangs in (True, False):
        async with a_server(head, then_hangs=then_hangs) as url:
            answer = await posted(url)
            assert (answer.status, answer.text, answer.is_success) == (200, "begin", True)
    async with a_server(b"220 mail.example ESMTP\r\n", then_hangs=False) as url:
        answer = await posted(url)
        assert (answer.status, answer.error) == (
            None,
            "the receiver cannot be reached (RemoteProtocolError)",
        )

"""Addresses that others name do not lead into the agent's network."""

import httpx
import pytest

from contracts.errors import OperationError
from node_agent.adapters.public_web import PublicWeb
from runtime.testing.file_server import FileServer, a_file_server

HEADERS: dict[str, str] = {}


async def fetched(web: PublicWeb, url: str) -> bytes:
    async with web.get(url, HEADERS) as response:
        return await response.aread()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]
)
async def test_no_name_and_no_spelling_of_a_private_host_is_reached(host: str) -> None:
    async with httpx.AsyncClient() as client:
        with a_file_server() as files:
            files.files["/a"] = b"secret"
            port = files.url.rpartition(":")[2]
            with pytest.raises(OperationError, match="is not a public host"):
                await fetched(PublicWeb(client), f"http://{host}:{port}/a")
            assert not files.asked
            allowed = PublicWeb(client, may_be_private=True)
            assert await fetched(allowed, f"http://127.0.0.1:{port}/a") == b"secret"


def signed(files: FileServer) -> PublicWeb:
    """A web in which `s3://bucket/key` is a file of the server."""
    client = httpx.AsyncClient()
    return PublicWeb(client, sign=lambda bucket, key: f"{files.url}/{bucket}/{key}")


async def test_the_store_of_the_settings_may_be_private_and_where_it_leads_may_not() -> None:
    with a_file_server() as files:
        files.files["/models/a"] = b"a model"
        files.redirects["/models/b"] = f"{files.url}/models/a"
        web = signed(files)
        async with web.client:
            assert await fetched(web, "s3://models/a") == b"a model"
            with pytest.raises(OperationError, match="is not a public host"):
                await fetched(web, "s3://models/b")
            with pytest.raises(OperationError, match="MODELS_S3_ENDPOINT"):
                await fetched(PublicWeb(web.client), "s3://models/a")


async def test_redirects_come_to_an_end_and_keep_tls() -> None:
    with a_file_server() as files:
        files.redirects |= {"/loop": "/loop", "/file": "file:///etc/passwd", "/a": "/b"}
        files.redirects |= {"/odd": "http://[::1", "/port": "http://a:99999999/"}
        files.files["/b"] = b"here"
        async with httpx.AsyncClient() as client:
            web = PublicWeb(client, may_be_private=True)
            assert await fetched(web, f"{files.url}/a") == b"here"
            for path, words in {
                "/loop": "redirects",
                "/file": "no plain http",
            }.items():
                with pytest.raises(OperationError, match=words):
                    await fetched(web, f"{files.url}{path}")
            for path in ("/odd", "/port"):
                with pytest.raises(httpx.TransportError):
                    await fetched(web, f"{files.url}{path}")


async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TLS and the server still know the host by its name."""
    sent: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(302, headers={"Location": "http://other.example/"})

    async def public_address(_host: str, _port: int) -> str:
        return "203.0.113.7"

    monkeypatch.setattr("node_agent.adapters.public_web.public_address", public_address)
    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as client:
        with pytest.raises(OperationError, match="without TLS"):
            await fetched(PublicWeb(client), "https://models.example:8443/a?b=c")

    [request] = sent
    assert str(request.url) == "https://203.0.113.7:8443/a?b=c"
    assert request.headers["Host"] == "models.example:8443"
    assert request.extensions["sni_hostname"] == "models.example"

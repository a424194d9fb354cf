import asyncio
from datetime import timedelta
from io import BytesIO
from tempfile import SpooledTemporaryFile

import httpx
import pytest
from minio import Minio

from contracts.media.attempts import InputFile
from contracts.values import new_id
from node_agent.adapters.store import HttpObjectStore, repeated
from node_agent.ports import NoSpaceError, StoreAwayError, TransferError, UrlRefusedError
from runtime.testing.ports import eventually, free_port
from runtime.testing.relay import relay
from runtime.testing.servers import S3Server

HOUR = timedelta(hours=1)


def a_file(url: str, size_bytes: int) -> InputFile:
    return InputFile(
        media_id=new_id(), name="cf/x", url=url, content_type="image/png", size_bytes=size_bytes
    )


async def test_files_go_to_s3_and_come_back(s3: S3Server) -> None:
    client = Minio(s3.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region)
    hour = timedelta(hours=1)
    content, copy = BytesIO(b"x" * 700_000), BytesIO()
    url = client.presigned_put_object(s3.bucket, "node-agent/a", expires=hour)
    async with httpx.AsyncClient() as http:
        store = HttpObjectStore(http)
        await store.put(url, content, "image/png", 700_000)
        url = client.presigned_get_object(s3.bucket, "node-agent/a", expires=hour)
        await store.fetch(a_file(url, 700_000), copy)
        with pytest.raises(TransferError, match="bigger than announced"):
            await store.fetch(a_file(url, 10), BytesIO())
        with SpooledTemporaryFile(10, dir="/nowhere") as full, pytest.raises(NoSpaceError):
            await store.fetch(a_file(url, 700_000), full)

    assert copy.getvalue() == content.getvalue()


async def test_a_result_is_put_again_until_a_failing_store_takes_it(s3: S3Server) -> None:
    content = BytesIO(b"x" * 700_000)
    async with relay(s3.endpoint) as failing, httpx.AsyncClient() as http:
        client = Minio(
            failing.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region
        )
        url = client.presigned_put_object(s3.bucket, "node-agent/kept", expires=HOUR)
        failing.mood = "errors"
        store = HttpObjectStore(http)
        putting = asyncio.create_task(store.put(url, content, "image/png", 700_000))
        await eventually(lambda: failing.refused >= 1)
        failing.mood, before = "hangs up", failing.refused
        await eventually(lambda: failing.refused > before)
        failing.mood = "slow"
        await putting
        url = client.presigned_get_object(s3.bucket, "node-agent/kept", expires=HOUR)
        failing.mood = "well"
        assert (await http.get(url)).content == content.getvalue()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n",
        b"HTTP/1.1 408 Request Timeout\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n<Error><Code>RequestTimeout</Code></Error>",
    ],
)
async def test_a_store_that_asks_for_patience_gets_the_file_again(
    s3: S3Server, answer: bytes
) -> None:
    async with relay(s3.endpoint) as busy, httpx.AsyncClient() as http:
        client = Minio(busy.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region)
        url = client.presigned_put_object(s3.bucket, "node-agent/again", expires=HOUR)
        busy.answers.append(answer)
        await HttpObjectStore(http).put(url, BytesIO(b"x"), "image/png", 1)

    assert busy.refused == 1


async def test_a_request_that_is_wrong_is_not_repeated(s3: S3Server) -> None:
    async with relay(s3.endpoint) as busy, httpx.AsyncClient() as http:
        busy.answers.append(b"HTTP/1.1 400 Bad Request\r\n")
        with pytest.raises(TransferError, match="answered 400"):
            await HttpObjectStore(http).put(
                f"http://{busy.endpoint}/x", BytesIO(b"x"), "image/png", 1
            )


async def test_a_store_that_is_away_is_told_from_a_wrong_request() -> None:
    async with httpx.AsyncClient() as http:

        async def get() -> None:
            await http.get(f"http://127.0.0.1:{free_port()}")

        with pytest.raises(StoreAwayError, match="ConnectError"):
            await repeated(get, "fetched", (0.0, 0.0))


async def test_a_url_that_is_refused_has_to_be_replaced(s3: S3Server) -> None:
    client = Minio(s3.endpoint, s3.access_key, "wrong", secure=False, region=s3.region)
    url = client.presigned_get_object(s3.bucket, "node-agent/no", expires=HOUR)
    async with httpx.AsyncClient() as http:
        with pytest.raises(UrlRefusedError, match="answered 403"):
            await HttpObjectStore(http).fetch(a_file(url, 10), BytesIO())

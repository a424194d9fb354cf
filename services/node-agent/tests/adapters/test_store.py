import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from minio import Minio

from contracts.ids import new_id
from contracts.media import InputFile
from node_agent.adapters.store import HttpObjectStore
from node_agent.ports import TransferError
from runtime.testing.ports import eventually
from runtime.testing.relay import relay
from runtime.testing.servers import S3Server

HOUR = timedelta(hours=1)


def a_file(url: str, size_bytes: int) -> InputFile:
    return InputFile(
        media_id=new_id(), name="cf/x", url=url, content_type="image/png", size_bytes=size_bytes
    )


async def test_files_go_to_s3_and_come_back(s3: S3Server, tmp_path: Path) -> None:
    client = Minio(s3.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region)
    hour = timedelta(hours=1)
    (tmp_path / "a").write_bytes(b"x" * 700_000)
    url = client.presigned_put_object(s3.bucket, "node-agent/a", expires=hour)
    async with httpx.AsyncClient() as http:
        store = HttpObjectStore(http)
        await store.put(url, tmp_path / "a", "image/png", 700_000)
        url = client.presigned_get_object(s3.bucket, "node-agent/a", expires=hour)
        await store.fetch(a_file(url, 700_000), tmp_path / "b")
        with pytest.raises(TransferError, match="bigger than announced"):
            await store.fetch(a_file(url, 10), tmp_path / "c")

    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()


async def test_a_result_is_put_again_until_a_failing_store_takes_it(
    s3: S3Server, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"x" * 700_000)
    async with relay(s3.endpoint) as failing, httpx.AsyncClient() as http:
        client = Minio(
            failing.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region
        )
        url = client.presigned_put_object(s3.bucket, "node-agent/kept", expires=HOUR)
        failing.mood = "errors"
        store = HttpObjectStore(http)
        putting = asyncio.create_task(store.put(url, tmp_path / "a", "image/png", 700_000))
        await eventually(lambda: failing.refused >= 1)
        failing.mood, before = "hangs up", failing.refused
        await eventually(lambda: failing.refused > before)
        failing.mood = "slow"
        await putting
        url = client.presigned_get_object(s3.bucket, "node-agent/kept", expires=HOUR)
        failing.mood = "well"
        assert (await http.get(url)).content == (tmp_path / "a").read_bytes()


async def test_a_url_that_is_refused_is_not_tried_for_long(s3: S3Server, tmp_path: Path) -> None:
    client = Minio(s3.endpoint, s3.access_key, "wrong", secure=False, region=s3.region)
    client_url = client.presigned_get_object(s3.bucket, "node-agent/no", expires=timedelta(hours=1))
    async with httpx.AsyncClient() as http:
        with pytest.raises(TransferError, match="answered 40"):
            await HttpObjectStore(http).fetch(a_file(client_url, 10), tmp_path / "x")

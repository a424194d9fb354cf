"""The store over a real S3 server."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.content_types import sniff
from contracts.errors import UnavailableError
from media.adapters.s3 import S3ObjectStore
from media.domain.inspection import FileRefusedError
from media.ports import ObjectMissingError
from media.settings import S3Settings
from runtime.testing.ports import free_port
from runtime.testing.servers import S3Server

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(s3: S3Server) -> Iterator[S3ObjectStore]:
    with closing(S3ObjectStore(settings(s3))) as opened:
        yield opened


def settings(s3: S3Server, **other: Any) -> S3Settings:
    values = {
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": s3.secret_key,
        "s3_bucket": s3.bucket,
        "s3_region": s3.region,
        "s3_threads": 2,
    }
    return S3Settings.model_validate(values | other)


async def put(store: S3ObjectStore, key: str, data: bytes) -> None:
    async with httpx.AsyncClient() as web:
        (await web.put(store.upload_url(key, MINUTE), content=data)).raise_for_status()


async def test_bytes_go_in_and_out_by_signed_urls(store: S3ObjectStore) -> None:
    await put(store, "incoming/url", b"hello")
    async with httpx.AsyncClient() as web:
        answer = await web.get(store.download_url("incoming/url", MINUTE))
        forged = await web.get(store.download_url("incoming/url", MINUTE).replace("url?", "usr?"))
    assert answer.content == b"hello"
    assert forged.status_code == 403


async def test_an_object_is_measured_copied_fetched_and_removed(
    store: S3ObjectStore, tmp_path: Path
) -> None:
    await put(store, "incoming/a", b"x" * 5_000)
    await store.copy("incoming/a", "blobs/o/a")
    await store.fetch("blobs/o/a", tmp_path / "a", 5_000)
    await store.remove(["incoming/a", "incoming/never-was"])

    assert await store.size("blobs/o/a") == 5_000
    assert await store.peek("blobs/o/a") == (5_000, b"x" * 512)
    assert (tmp_path / "a").read_bytes() == b"x" * 5_000
    with pytest.raises(ObjectMissingError):
        await store.size("incoming/a")


async def test_a_file_is_put_with_its_type(store: S3ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"new")
    await put(store, "blobs/o/put", b"old content")
    await store.put("blobs/o/put", file, "image/png")
    assert await store.peek("blobs/o/put") == (3, b"new")


@pytest.mark.parametrize("behind", [b"fLaC" + bytes(600), b"RIFF\0\0\0\0WAVE", b"", b"sound"])
async def test_a_sound_is_looked_at_behind_its_tags(store: S3ObjectStore, behind: bytes) -> None:
    tag = b"ID3\x04\0\0" + bytes((0, 0, 8, 0)) + bytes(1024)
    data = tag + tag + behind
    await put(store, "results/tagged", data)
    is_known = sniff(behind) is not None
    assert await store.peek("results/tagged") == (len(data), (behind if is_known else data)[:512])


async def test_an_empty_object_can_be_looked_at(store: S3ObjectStore) -> None:
    await put(store, "results/empty", b"")
    assert await store.peek("results/empty") == (0, b"")


async def test_what_is_missing_is_said_to_be_missing(store: S3ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissingError):
        await store.peek("blobs/none")
    with pytest.raises(ObjectMissingError):
        await store.copy("blobs/none", "blobs/other")
    with pytest.raises(ObjectMissingError):
        await store.fetch("blobs/none", tmp_path / "a", 1)


async def test_fetching_stops_at_the_limit(store: S3ObjectStore, tmp_path: Path) -> None:
    await put(store, "blobs/o/big", b"x" * 1_000_000)
    with pytest.raises(FileRefusedError, match="MiB"):
        await store.fetch("blobs/o/big", tmp_path / "a", 300_000)
    assert (tmp_path / "a").stat().st_size <= 300_000


async def test_only_objects_older_than_asked_are_listed(store: S3ObjectStore) -> None:
    await put(store, "incoming/old", b"x")
    now = datetime.now(UTC)
    young = [keys async for keys in store.older("incoming/", now - MINUTE)]
    old = [key async for keys in store.older("incoming/", now + MINUTE) for key in keys]
    assert young == []
    assert "incoming/old" in old
    assert all(key.startswith("incoming/") for key in old)


async def test_a_store_that_is_away_is_unavailable(s3: S3Server) -> None:
    gone = settings(s3, s3_endpoint=f"127.0.0.1:{free_port()}")
    with closing(S3ObjectStore(gone)) as store:
        assert not await store.is_there()
        with pytest.raises(UnavailableError):
            await store.size("blobs/a")


async def test_wrong_keys_are_no_reason_to_say_that_nothing_is_there(s3: S3Server) -> None:
    wrong = settings(s3, s3_access_key="a", s3_secret_key="b")
    with closing(S3ObjectStore(wrong)) as store, pytest.raises(UnavailableError):
        await store.size("blobs/a")

"""Stores bytes in any S3-compatible store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import MinioException, S3Error
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from contracts.content_types import HEAD_BYTES
from contracts.errors import UnavailableError
from media.domain.bare.sound_tags import telling_head
from media.domain.inspection import too_big
from media.ports import ObjectMissingError
from media.settings import S3Settings

T = TypeVar("T")

CONNECT_SECONDS = 2.0
READ_SECONDS = 20.0
CHUNK_BYTES = 256 * 1024
KEYS_AT_ONCE = 500
ABSENT = ("NoSuchKey", "NoSuchObject", "NotFound")


class S3ObjectStore:
    """Runs the blocking calls of minio in threads, each with a timeout."""

    def __init__(self, settings: S3Settings) -> None:
        threads, ca_file = settings.s3_threads, settings.s3_ca_file
        self._bucket = settings.s3_bucket
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="s3")
        http = urllib3.PoolManager(
            maxsize=threads,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=urllib3.Retry(
                total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)
            ),
            ca_certs=str(ca_file) if ca_file else None,
        )
        endpoint, is_secure = settings.s3_endpoint, settings.s3_secure
        self._client = client_of(settings, endpoint, http, is_secure=is_secure)
        self._public = public_client(settings)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        return self._client.presigned_put_object(self._bucket, key, lifetime)

    def download_url(self, key: str, lifetime: timedelta) -> str:
        return self._client.presigned_get_object(self._bucket, key, lifetime)

    def public_upload_url(self, key: str, lifetime: timedelta) -> str | None:
        return self._public and self._public.presigned_put_object(self._bucket, key, lifetime)

    def public_download_url(
        self, key: str, lifetime: timedelta, headers: Mapping[str, str]
    ) -> str | None:
        if self._public is None:
            return None
        answered: dict[str, str | list[str] | tuple[str]] = {**headers}
        return self._public.presigned_get_object(self._bucket, key, lifetime, answered)

    async def is_there(self) -> bool:
        """Return whether the store answers and has the bucket."""
        try:
            return await self._run(lambda: self._client.bucket_exists(self._bucket))
        except UnavailableError:
            return False

    async def size(self, key: str) -> int:
        return await self._run(lambda: self._client.stat_object(self._bucket, key).size or 0)

    async def peek(self, key: str) -> tuple[int, bytes]:
        return await self._run(lambda: self._peek(key))

    async def copy(self, source: str, target: str) -> None:
        origin = CopySource(self._bucket, source)
        await self._run(lambda: self._client.copy_object(self._bucket, target, origin))

    async def fetch(self, key: str, file: Path, max_bytes: int) -> None:
        await self._run(lambda: self._fetch(key, file, max_bytes))

    async def put(self, key: str, file: Path, content_type: str) -> None:
        await self._run(
            lambda: self._client.fput_object(self._bucket, key, str(file), content_type)
        )

    async def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            await self._run(lambda key=key: self._client.remove_object(self._bucket, key))

    async def older(self, prefix: str, than: datetime) -> AsyncIterator[list[str]]:
        listed = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
        while page := await self._run(lambda: list(islice(listed, KEYS_AT_ONCE))):
            keys = [
                found.object_name
                for found in page
                if found.object_name and found.last_modified and found.last_modified < than
            ]
            if keys:
                yield keys

    async def _run(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, s3_errors()(work))

    def _peek(self, key: str) -> tuple[int, bytes]:
        size = self._client.stat_object(self._bucket, key).size or 0

        def read(place: int) -> bytes:
            if place >= size:
                return b""  # such a range is an error
            with self._reading(key, place, HEAD_BYTES) as answer:
                return answer.read(HEAD_BYTES)

        return size, telling_head(read)

    def _fetch(self, key: str, file: Path, max_bytes: int) -> None:
        self._client.stat_object(self._bucket, key)
        with self._reading(key) as answer, file.open("wb") as target:
            for chunk in answer.stream(CHUNK_BYTES):
                if target.tell() + len(chunk) > max_bytes:
                    raise too_big(max_bytes)
                target.write(chunk)

    @contextmanager
    def _reading(
        self, key: str, place: int = 0, length: int = 0
    ) -> Generator[BaseHTTPResponse, None, None]:
        """Open an object, or `length` bytes of it, and give the connection back.

        The caller stats the object first: minio cannot read every store's error for GET.
        """
        answer = self._client.get_object(self._bucket, key, offset=place, length=length)
        try:
            yield answer
        finally:
            answer.close()
            answer.release_conn()


def client_of(
    settings: S3Settings, endpoint: str, http: urllib3.PoolManager | None, *, is_secure: bool
) -> Minio:
    # With the region given, minio signs a URL without a request.
    client = Minio(
        endpoint,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        region=settings.s3_region,
        secure=is_secure,
        http_client=http,
    )
    if settings.s3_virtual_host is True:
        client.enable_virtual_style_endpoint()
    if settings.s3_virtual_host is False:
        client.disable_virtual_style_endpoint()
    return client


def public_client(settings: S3Settings) -> Minio | None:
    """Return a client that signs URLs and never connects; None without a public address."""
    if settings.s3_public_url is None:
        return None
    scheme, _, endpoint = settings.s3_public_url.rstrip("/").partition("://")
    return client_of(settings, endpoint, None, is_secure=scheme == "https")


@contextmanager
def s3_errors() -> Generator[None, None, None]:
    """Translate errors of S3."""
    try:
        yield
    except S3Error as error:
        if error.code in ABSENT:
            raise ObjectMissingError("the object is not there") from error
        raise UnavailableError(f"S3 answered {error.code}", code="store_unavailable") from error
    except (MinioException, HTTPError) as error:
        raise UnavailableError("S3 does not answer", code="store_unavailable") from error

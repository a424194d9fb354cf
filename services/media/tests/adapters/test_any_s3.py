"""Stores as they come: certificates of one's own, buckets in the host, public addresses."""

import ssl
import subprocess
from collections.abc import Generator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from contracts.errors import UnavailableError
from media.adapters.s3 import S3ObjectStore
from media.settings import S3Settings
from runtime.embedded.programs import s3_command, s3_environment
from runtime.testing.certificates import make_certificate
from runtime.testing.ports import free_port, wait_for_port

MINUTE = timedelta(minutes=1)
NAMED = {
    "s3_endpoint": "s3.example:9000",
    "s3_access_key": "key",
    "s3_secret_key": "secret",
    "s3_bucket": "media",
    "s3_region": "eu-north-1",
    "s3_secure": True,
}


def a_store(**settings: Any) -> AbstractContextManager[S3ObjectStore]:
    return closing(S3ObjectStore(S3Settings.model_validate(NAMED | settings)))


def test_the_bucket_is_in_the_path_or_in_the_host_as_the_store_wants_it() -> None:
    for in_host, endpoint, host, path in (
        (None, "s3.example:9000", "s3.example:9000", "/media/a"),
        (True, "s3.example:9000", "media.s3.example:9000", "/a"),
        (False, "s3.eu-north-1.amazonaws.com", "s3.eu-north-1.amazonaws.com", "/media/a"),
        (None, "s3.eu-north-1.amazonaws.com", "media.s3.eu-north-1.amazonaws.com", "/a"),
    ):
        with a_store(s3_endpoint=endpoint, s3_virtual_host=in_host) as store:
            url = urlsplit(store.download_url("a", MINUTE))
        assert (url.netloc.replace(".dualstack", ""), url.path) == (host, path)
        assert "eu-north-1" in url.query


def test_urls_for_outside_name_the_public_address_and_what_to_answer() -> None:
    headers = {"response-content-type": "image/png"}
    with a_store(s3_public_url="https://media.example/") as store:
        inside = store.upload_url("a", MINUTE)
        outside = store.public_upload_url("a", MINUTE) or ""
        shown = store.public_download_url("a", MINUTE, headers) or ""
    assert inside.startswith("https://s3.example:9000/media/a?")
    assert outside.startswith("https://media.example/media/a?")
    assert "response-content-type=image%2Fpng" in shown


async def test_a_store_with_a_certificate_of_its_own_is_trusted_when_told(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with tls_store(tmp_path) as endpoint:
        with a_store(s3_endpoint=endpoint, s3_ca_file=certificate) as store:
            assert await store.is_there()
            (tmp_path / "file").write_bytes(b"hello")
            await store.put("a", tmp_path / "file", "text/plain")
            assert await store.peek("a") == (5, b"hello")
            url = store.download_url("a", MINUTE)
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=certificate)) as web:
            assert (await web.get(url)).content == b"hello"
        with a_store(s3_endpoint=endpoint) as store:
            assert not await store.is_there()
            with pytest.raises(UnavailableError):
                await store.peek("a")


@contextmanager
def tls_store(folder: Path) -> Generator[str, None, None]:
    (folder / "s3" / "media").mkdir(parents=True)
    port, environment = free_port(), s3_environment(folder, "key", "secret")
    tls = ("--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem"))
    command = [*s3_command(folder / "s3", port), *tls]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)

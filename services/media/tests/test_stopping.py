"""A service closes what its ticks use after the ticks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from media.adapters.s3 import S3ObjectStore
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .fleet import media


async def test_media_closes_its_store_after_the_tick_that_lists_it(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists, ended = asyncio.Event(), list[str]()
    close = S3ObjectStore.close

    async def list_for_ever(
        store: S3ObjectStore, _prefix: str, _than: datetime
    ) -> AsyncIterator[list[str]]:
        yield []
        try:
            while True:
                await store.is_there()
                lists.set()
        finally:
            ended.append("listing")

    def close_and_say(store: S3ObjectStore) -> None:
        ended.append("store")
        close(store)

    monkeypatch.setattr(S3ObjectStore, "older", list_for_ever)
    monkeypatch.setattr(S3ObjectStore, "close", close_and_say)
    async with media(nats, postgres, s3):
        await lists.wait()

    assert ended == ["listing", "store"]

"""Provides the real servers as fixtures, one of each for a test session."""

from collections.abc import Iterator

import pytest

from runtime.testing.postgres import PostgresServer, postgres_server
from runtime.testing.servers import NatsServer, S3Server, nats_server, s3_server

__all__ = ["nats", "postgres", "s3"]


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server

"""Creates streams and buckets in NATS, and roles, schemas and tables in Postgres.

`comfyfleet up` or a migration Job calls it; services only verify the result. Every step is
idempotent and derived from the contracts.
"""

# nats-py is only partly typed; see bus/client.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module

import asyncpg
import nats
import nats.errors
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.errors import UnavailableError
from contracts.permissions import subscribers
from contracts.services import BUCKETS, Bucket
from contracts.topology import (
    DEAD_LETTERS_STREAM,
    EVENTS_STREAM,
    RETRIES_STREAM,
    stream_of,
)
from runtime.bus.connection import wait_until_listening
from runtime.bus.nats_config import PROVISIONER
from runtime.postgres.roles import PACKAGES, role_url
from runtime.postgres.schema import newest, revision
from runtime.process.retry import TOTAL_SECONDS, retry

CONNECT_SECONDS = 10.0
DEAD_LETTERS_SECONDS = 30 * 24 * 3600
DEAD_LETTERS_BYTES = 256 * 1024**2

bounded = partial(
    api.StreamConfig, discard=api.DiscardPolicy.OLD, duplicate_window=120, allow_direct=True
)
"""A stream that drops its oldest messages, and every repeat within two minutes."""
STREAMS = (
    bounded(name=EVENTS_STREAM, subjects=["event.>"], max_age=72 * 3600, max_bytes=2 * 1024**3),
    bounded(
        name=DEAD_LETTERS_STREAM,
        subjects=["dead.>"],
        max_age=DEAD_LETTERS_SECONDS,
        max_bytes=DEAD_LETTERS_BYTES,
    ),
    bounded(
        name=RETRIES_STREAM,
        subjects=["retry.>"],
        retention=api.RetentionPolicy.WORK_QUEUE,  # an event leaves it once it is settled
        discard=api.DiscardPolicy.NEW,  # a replay that does not fit fails, and its letter stays
        max_age=DEAD_LETTERS_SECONDS,
        max_bytes=DEAD_LETTERS_BYTES,
        allow_direct=None,
    ),
)


async def provision_nats(url: str, password: str) -> None:
    """Create or update the streams of events and of dead letters, and every bucket."""
    async with administration(url, password) as jetstream:
        for config in (*STREAMS, *map(bucket_config, BUCKETS)):
            await ensure_stream(jetstream, config)
        await delete_old_subscribers(jetstream)


async def delete_old_subscribers(jetstream: JetStreamContext) -> None:
    """Delete the durable consumers of subscribers that this version does not have."""
    known = {one.name for one in subscribers()}
    for stream in (EVENTS_STREAM, RETRIES_STREAM):
        for consumer in await jetstream.consumers_info(stream):
            name = consumer.config.durable_name
            if name and name not in known:
                await jetstream.delete_consumer(stream, name)


@asynccontextmanager
async def administration(
    url: str, password: str, *, within: float = TOTAL_SECONDS
) -> AsyncGenerator[JetStreamContext, None]:
    """Connect as the provisioner, which may do everything; `within` seconds NATS must listen.

    Raises OSError if it does not, and UnavailableError for a refusal of NATS.
    """
    await wait_until_listening(url, within)
    try:
        client = await nats.connect(
            url,
            user=PROVISIONER,
            password=password,
            name=PROVISIONER,
            max_reconnect_attempts=3,
            error_cb=ignored,  # the error is raised as well
        )
        try:
            yield client.jetstream()
        finally:
            await client.close()
    except nats.errors.Error as error:
        raise UnavailableError(f"NATS refuses: {str(error) or type(error).__name__}") from error


async def ignored(_error: Exception) -> None:
    pass


def bucket_config(bucket: Bucket) -> api.StreamConfig:
    """Describe the stream under a bucket as NATS ADR-8 does, with one value kept a key."""
    return api.StreamConfig(
        name=stream_of(bucket),
        subjects=[f"$KV.{bucket.name}.>"],
        max_msgs_per_subject=1,
        max_bytes=bucket.max_bytes,
        max_msg_size=512 * 1024,
        discard=api.DiscardPolicy.NEW,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,  # for the markers of deleted keys
        deny_delete=True,
        allow_direct=True,
    )


async def ensure_stream(stream: JetStreamContext, config: api.StreamConfig) -> None:
    try:
        await stream.update_stream(config)
    except NotFoundError:
        await stream.add_stream(config)


async def provision_database(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Give each stateful service its role and schema, and migrate it if it is behind.

    `admin_url` names the database; `passwords` has one for each service.
    """
    connect = partial(asyncpg.connect, admin_url, timeout=CONNECT_SECONDS)
    starting = (OSError, asyncpg.CannotConnectNowError)
    connection = await retry(connect, awaited="Postgres", errors=starting)
    try:
        for service, package in PACKAGES.items():
            await ensure_role(connection, package, passwords[service])
        behind = [
            (service, package)
            for service, package in PACKAGES.items()
            if await revision(connection, package) != newest(package)
        ]
    finally:
        await connection.close()
    if behind:
        migrations = import_module("runtime.postgres.migrations")  # loading Alembic takes 0.5 s
        for service, package in behind:
            await migrations.upgrade(role_url(admin_url, package, passwords[service]), package)


async def ensure_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    """Create a role that owns the schema of its name and can read no other."""
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f'CREATE ROLE "{role}" LOGIN')
    literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(f'ALTER ROLE "{role}" PASSWORD {literal}')
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{role}" AUTHORIZATION "{role}"')
    await connection.execute(f'ALTER ROLE "{role}" SET search_path = "{role}"')

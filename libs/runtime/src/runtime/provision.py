"""What must exist before services start: NATS users, streams and buckets; roles and schemas.

One command applies it (`comfyfleet up`, or a migration Job); services only verify it. All of it
is idempotent and derived from the contracts.
"""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping, Sequence
from importlib.resources import files
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import nats
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.buckets import BUCKETS, Bucket
from contracts.services import SERVICES, Service
from contracts.topology import EVENTS_STREAM, Permissions, permissions, stream_of
from runtime.migrating import upgrade

PROVISIONER = "provisioner"
EVENTS_SECONDS = 72 * 3600
EVENTS_BYTES = 2 * 1024**3
DUPLICATES_SECONDS = 120

PACKAGES: dict[Service, str] = {
    "auth": "auth",
    "workflow-registry": "workflow_registry",
    "scheduler": "scheduler",
    "media": "media",
}
"""Services that keep state, and the package that holds their migrations."""


def nats_config(
    passwords: Mapping[str, str], *, host: str, port: int, store_dir: str, extra: str = ""
) -> str:
    """Write nats-server's configuration: one account, one user a service, nothing implicit.

    `passwords` has one for each service and one for `provisioner`. Events and buckets are kept
    in `store_dir`, synced at least each second.
    """
    users = [user(name, passwords[name], permissions(name)) for name in SERVICES]
    users.append(f'{{user: "{PROVISIONER}", password: "{passwords[PROVISIONER]}"}}')
    newline = "\n      "
    return f"""\
listen: "{host}:{port}"
max_payload: 1MB
ping_interval: "5s"
ping_max: 2
write_deadline: "5s"
jetstream {{
  store_dir: "{store_dir}"
  sync_interval: "1s"
}}
accounts {{
  fleet {{
    jetstream: enabled
    users: [
      {newline.join(users)}
    ]
  }}
}}
{extra}
"""


def user(name: str, password: str, allowed: Permissions) -> str:
    answers = ", allow_responses: {max: 1, expires: '2m'}" if allowed.answers else ""
    return (
        f'{{user: "{name}", password: "{password}", permissions: {{'
        f"publish: {{allow: {subjects(allowed.publish)}}}, "
        f"subscribe: {{allow: {subjects(allowed.subscribe)}}}{answers}}}}}"
    )


def subjects(patterns: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{pattern}"' for pattern in patterns) + "]"


async def provision_nats(url: str, password: str) -> None:
    """Create or update the stream of events and every bucket."""
    client = await nats.connect(
        url, user=PROVISIONER, password=password, name=PROVISIONER, max_reconnect_attempts=3
    )
    try:
        stream = client.jetstream()
        await ensure_stream(stream, events_config())
        for bucket in BUCKETS:
            await ensure_stream(stream, bucket_config(bucket))
    finally:
        await client.close()


def events_config() -> api.StreamConfig:
    return api.StreamConfig(
        name=EVENTS_STREAM,
        subjects=["event.>"],
        max_age=EVENTS_SECONDS,
        max_bytes=EVENTS_BYTES,
        discard=api.DiscardPolicy.OLD,
        duplicate_window=DUPLICATES_SECONDS,
        allow_direct=True,
    )


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
        deny_delete=True,
        allow_direct=True,
    )


async def ensure_stream(stream: JetStreamContext, config: api.StreamConfig) -> None:
    try:
        await stream.stream_info(config.name or "")
    except NotFoundError:
        await stream.add_stream(config)
    else:
        await stream.update_stream(config)


async def provision_database(admin_url: str, passwords: Mapping[str, str]) -> dict[Service, str]:
    """Give each stateful service its role and schema, migrate it, and return its URL.

    `admin_url` names the database; `passwords` has one for each service.
    """
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        for service, package in PACKAGES.items():
            await ensure_role(connection, package, passwords[service])
    finally:
        await connection.close()
    urls: dict[Service, str] = {
        service: role_url(admin_url, package, passwords[service])
        for service, package in PACKAGES.items()
    }
    for service, package in PACKAGES.items():
        if has_migrations(package):
            await upgrade(urls[service], package)
    return urls


async def ensure_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    """Make a role that owns the schema of its name and sees no other."""
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f'CREATE ROLE "{role}" LOGIN')
    literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(f'ALTER ROLE "{role}" PASSWORD {literal}')
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{role}" AUTHORIZATION "{role}"')
    await connection.execute(f'ALTER ROLE "{role}" SET search_path = "{role}"')


def has_migrations(package: str) -> bool:
    return (files(package) / "migrations" / "env.py").is_file()


def role_url(admin_url: str, role: str, password: str) -> str:
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{host}"))

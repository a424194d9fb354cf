import asyncio
from importlib.resources import files

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from contracts.services import ServiceName
from runtime.postgres.roles import PACKAGES
from runtime.postgres.schema import SchemaOutdatedError, newest, verify
from runtime.process.retry import PAUSE_SECONDS
from runtime.process.settings import DatabaseSettings
from runtime.testing.ports import free_port
from runtime.testing.postgres import PostgresServer


@pytest.mark.parametrize("package", PACKAGES.values())
def test_scripts_are_named_after_their_revision_in_one_line(package: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [newest(package)]


def settings_of(url: str) -> DatabaseSettings:
    return DatabaseSettings(nats_password=SecretStr("none"), database_url=SecretStr(url))


@pytest.mark.parametrize("service", PACKAGES)
async def test_a_migrated_schema_is_fine_and_an_empty_one_is_not(
    postgres: PostgresServer, service: ServiceName
) -> None:
    url = await postgres.database_for(service)
    await verify(settings_of(url), PACKAGES[service], within=0)
    await postgres.execute(url, "DROP TABLE alembic_version")
    with pytest.raises(SchemaOutdatedError, match="comfyfleet migrate"):
        await verify(settings_of(url), PACKAGES[service], within=0)


async def test_a_service_that_comes_before_its_migration_waits_for_it(
    postgres: PostgresServer,
) -> None:
    url = await postgres.database_for("auth")
    await postgres.execute(url, "ALTER TABLE alembic_version RENAME TO elsewhere")
    waiting = asyncio.create_task(verify(settings_of(url), "auth"))
    await asyncio.wait({waiting}, timeout=PAUSE_SECONDS)
    assert not waiting.done()
    await postgres.execute(url, "ALTER TABLE elsewhere RENAME TO alembic_version")
    await waiting


async def test_a_database_that_stays_away_ends_the_wait() -> None:
    url = f"postgresql://auth:secret@127.0.0.1:{free_port()}/none"
    with pytest.raises(ConnectionRefusedError):
        await verify(settings_of(url), "auth", within=0.1)

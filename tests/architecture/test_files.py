"""Rules of the house that a machine can check: size of files, and what may not be committed."""

from .sources import ROOT, tracked

LINES = 250
MIB = 1024 * 1024


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

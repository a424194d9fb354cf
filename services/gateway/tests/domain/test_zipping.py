import io
from datetime import UTC, datetime
from zipfile import ZipFile

from gateway.media.zipper import Sink, entry, unique_names

NOW = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def test_a_zip_comes_piece_by_piece_and_can_be_read_whole() -> None:
    sink, parts = Sink(), list[bytes]()
    with ZipFile(sink, "w") as written:
        for name, made_at in (("a.txt", NOW), ("č.txt", NOW.replace(year=1970))):
            with written.open(entry(name, made_at), "w", force_zip64=True) as file:
                for chunk in (b"hel", b"lo"):
                    file.write(chunk)
                    parts.append(sink.taken())
    parts.append(sink.taken())
    assert b"hel" in parts[0]
    assert b"hel" not in b"".join(parts[1:2])
    with ZipFile(io.BytesIO(b"".join(parts))) as zip_file:
        assert zip_file.testzip() is None
        assert zip_file.namelist() == ["a.txt", "č.txt"]
        assert zip_file.read("a.txt") == b"hello"
        assert zip_file.getinfo("a.txt").date_time == (2026, 1, 2, 3, 4, 6)
        assert zip_file.getinfo("č.txt").date_time == (1980, 1, 1, 0, 0, 0)


def test_names_are_plain_and_each_is_there_once() -> None:
    given = ["a.png", "A.png", "a.png", "../../etc/passwd", "c:\\x\\..\\y.png", "..", "", "b"]
    assert unique_names(given) == [
        "a.png",
        "A (2).png",
        "a (3).png",
        "passwd",
        "y.png",
        "file",
        "file (2)",
        "b",
    ]

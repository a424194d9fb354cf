import io
from datetime import UTC, datetime
from zipfile import ZipFile

from gateway.media.zipper import Zipper, unique_names

NOW = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def test_a_zip_comes_piece_by_piece_and_can_be_read_whole() -> None:
    zipper = Zipper()
    parts = [zipper.begin("a.txt", NOW), zipper.write(b"hel"), zipper.write(b"lo")]
    assert b"hel" in parts[1]
    parts += [zipper.begin("č.txt", NOW.replace(year=1970)), zipper.end(), zipper.end()]
    with ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", "č.txt"]
        assert archive.read("a.txt") == b"hello"
        assert archive.getinfo("a.txt").date_time == (2026, 1, 2, 3, 4, 6)


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

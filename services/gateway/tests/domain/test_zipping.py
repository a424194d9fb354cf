import io
import struct
import zlib
from datetime import UTC, datetime
from zipfile import ZipFile

from gateway.media.zipper import Sink, entry, unique_names

CHUNK_BYTES = 256 * 1024
CONTENT = bytes(range(256)) * 2 * 1024
NOW = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def written() -> list[bytes]:
    """Return what each chunk added, and the end."""
    sink, parts = Sink(), list[bytes]()
    with ZipFile(sink, "w") as zip_file:
        for name, made_at in (("a.txt", NOW), ("č.txt", NOW.replace(year=1970))):
            with zip_file.open(entry(name, made_at), "w") as file:
                for at in range(0, len(CONTENT), CHUNK_BYTES):
                    file.write(CONTENT[at : at + CHUNK_BYTES])
                    parts.append(sink.taken())
    return [*parts, sink.taken()]


def test_a_reader_of_a_stream_finds_the_end_of_each_entry() -> None:
    data = b"".join(written())
    for _ in range(2):
        method, name_length, extra_length = struct.unpack_from("<8xH16xHH", data)
        inflated = zlib.decompressobj(-zlib.MAX_WBITS)
        assert (data[:4], method) == (b"PK\3\4", 8)
        assert inflated.decompress(data[30 + name_length + extra_length :]) == CONTENT
        descriptor = inflated.unused_data[:16]
        expected = struct.pack("<4sI4xI", b"PK\7\10", zlib.crc32(CONTENT), len(CONTENT))
        assert descriptor[:8] + bytes(4) + descriptor[12:] == expected
        data = inflated.unused_data[16:]
    assert data[:4] == b"PK\1\2"


def test_a_zip_comes_piece_by_piece_and_can_be_read_whole() -> None:
    parts = written()
    assert len(parts[0]) > CHUNK_BYTES // 2
    with ZipFile(io.BytesIO(b"".join(parts))) as zip_file:
        assert zip_file.testzip() is None
        assert zip_file.namelist() == ["a.txt", "č.txt"]
        assert zip_file.read("a.txt") == CONTENT
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

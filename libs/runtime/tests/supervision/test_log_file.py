from pathlib import Path

from runtime.supervision.log_file import LogFile, last_lines, newest


def test_a_full_log_moves_aside_and_only_so_many_are_kept(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", max_bytes=10, kept=2)
    for number in range(6):
        log.write(f"line {number}\n".encode())
    log.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["x.log", "x.log.1", "x.log.2"]
    assert (tmp_path / "x.log").read_text() == "line 5\n"
    assert (tmp_path / "x.log.2").read_text() == "line 3\n"


def test_a_new_start_appends_to_what_was_said_before(tmp_path: Path) -> None:
    for word in (b"first\n", b"second\n"):
        log = LogFile(tmp_path / "x.log")
        log.write(word)
        log.close()
    assert (tmp_path / "x.log").read_text() == "first\nsecond\n"


def test_a_log_that_cannot_be_written_costs_the_line_only(tmp_path: Path) -> None:
    (tmp_path / "x.log").mkdir()
    LogFile(tmp_path / "x.log").write(b"lost\n")


def test_a_disk_that_has_room_again_gets_the_lines_that_follow(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.symlink_to("/dev/full")
    log = LogFile(path)
    log.write(b"lost\n")
    path.unlink()
    log.write("kept: ä\n".encode())
    log.close()
    assert path.read_bytes() == "kept: ä\n".encode()


def test_last_lines_of_a_log_that_is_not_there_are_none(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "x.log", 5) == []


def test_the_end_of_a_log_begins_with_a_line_and_reaches_what_was_moved_aside(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.log"
    (tmp_path / "x.log.1").write_bytes(b"one\ntwo\nthr")
    path.write_bytes(b"ee\nfour\n")
    assert newest(path, 1_000) == b"one\ntwo\nthree\nfour\n"
    assert newest(path, 14) == b"three\nfour\n"
    assert newest(path, 8) == b"four\n"
    assert newest(tmp_path / "none.log", 8) == b""

import pytest

from gateway.live.frames import frame, last_seen


def test_a_frame_is_what_the_standard_says() -> None:
    assert frame("job.started", b"{}", 7) == b"id: 7\nevent: job.started\ndata: {}\n\n"
    assert frame("job.progress", b"{}") == b"event: job.progress\ndata: {}\n\n"


def test_a_line_break_in_data_cannot_forge_a_frame() -> None:
    forged = frame("job.progress", b'{}\n\nevent: job.completed\r\ndata: {"a":1}\n\n')
    assert forged.count(b"\n") == 3


@pytest.mark.parametrize("header", [None, "", "x", "-1", "1.5", "٣", "9" * 19])
def test_an_id_that_we_never_sent_is_no_id(header: str | None) -> None:
    assert last_seen(header) is None


def test_an_id_is_read_back() -> None:
    assert last_seen("42") == 42

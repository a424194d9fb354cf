import pytest

from contracts.event import Position
from gateway.live.frames import POSITION, Frame, last_position, last_seen, server_sent


def test_a_frame_is_what_the_standard_says() -> None:
    assert server_sent(Frame("job.started", b"{}", 7)) == b"id: 7\nevent: job.started\ndata: {}\n\n"
    assert server_sent(Frame("job.progress", b"{}")) == b"event: job.progress\ndata: {}\n\n"


def test_a_line_break_in_data_cannot_forge_a_frame() -> None:
    data = b'{}\n\nevent: job.completed\r\ndata: {"a":1}\n\n'
    forged = server_sent(Frame("job.progress", data))
    assert forged.count(b"\n") == 3


@pytest.mark.parametrize("header", [None, "", "x", "-1", "1.5", "٣", "9" * 19])
def test_an_id_that_we_never_sent_is_no_id(header: str | None) -> None:
    assert last_seen(header) is None


def test_an_id_is_read_back() -> None:
    assert last_seen("42") == 42
    place = Frame(POSITION, id=Position(1_700_000_000_000_000, 42))
    assert server_sent(place) == b"id: 42-1700000000000000\n\n"
    assert last_position("42-1700000000000000", 7) == (1_700_000_000_000_000, 42)
    assert last_position("42", 7) == (7, 42)


@pytest.mark.parametrize("header", [None, "", "-", "1-", "-1", "1-x", "1-2-3", f"1-{'9' * 19}"])
def test_a_position_that_we_never_sent_is_none(header: str | None) -> None:
    assert last_position(header, 7) is None

"""Lines of a log are shown without anything that a terminal would obey."""

from node_agent.domain.log_text import log_lines


def test_colors_and_control_characters_go_and_the_newest_lines_stay() -> None:
    text = "old\n\x1b[32m[INFO]\x1b[0m ready\tä\x00\n\x1b]0;title\x07end \u202e\x9b!\n"
    assert log_lines(text.encode(), 2) == ["[INFO] ready ä", "end !"]


def test_a_progress_bar_is_one_line_as_it_was_in_the_end() -> None:
    bar = b"\r  0%|   | 0/20\r 50%|#  | 10/20\r100%|###| 20/20\nnext\r\n"
    assert log_lines(bar, 10) == ["100%|###| 20/20", "next"]


def test_bytes_of_no_encoding_are_replaced() -> None:
    assert log_lines(b"", 10) == []
    assert log_lines(b"a\xff\xfe b", 10) == ["a\ufffd\ufffd b"]

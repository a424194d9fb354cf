from comfyfleet.client.sse import Frame, frames


def test_frames_have_their_event_id_and_data() -> None:
    lines = ["id: 3", "event: job.started", 'data: {"a": 1}', "", ": comment", "", "data: x", ""]
    assert list(frames(lines)) == [
        Frame("job.started", '{"a": 1}', "3"),
        Frame("message", "x"),
    ]


def test_a_frame_that_the_end_of_the_line_cut_off_is_dropped() -> None:
    assert list(frames(["event: job.completed", 'data: {"half"'])) == []


def test_a_retry_hint_alone_is_no_frame() -> None:
    assert list(frames(["retry: 2000", ""])) == []

from contracts.content_types import OCTETS, TEXT
from media.domain.kinds import accepts, result_type


def test_an_unknown_type_is_a_file_and_no_other_kind() -> None:
    assert accepts("file", None)
    for kind in ("image", "mask", "video", "audio", "3d", "text"):
        assert not accepts(kind, None)


def test_a_kind_takes_only_its_own_types() -> None:
    assert accepts("image", "image/png")
    assert accepts("audio", "audio/flac")
    assert accepts("audio", "video/webm")
    assert accepts("file", None)
    assert not accepts("image", "video/mp4")
    assert not accepts("mask", "image/svg+xml")
    assert not accepts("video", "image/gif")


def test_a_result_is_served_as_what_it_is_and_not_as_what_the_agent_says() -> None:
    assert result_type("image", b"\x89PNG\r\n\x1a\n") == "image/png"
    assert result_type("image", b"<script>") == OCTETS
    assert result_type("text", b"<script>") == TEXT

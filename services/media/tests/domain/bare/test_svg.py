import pytest

from contracts.content_types import TEXT
from media.domain.bare import SVG, form_of, svg

SECRET = b'{"prompt": "a <b> </metadata> secret"}'
DRAWING = b'<path d="M0 0"/><text><![CDATA[a <metadata> b]]></text></svg>'
HEAD = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">'


def stripped(data: bytes) -> bytes:
    return b"".join(svg.strip(data))


@pytest.mark.parametrize(
    "secret",
    [
        b"<metadata>\n<![CDATA[" + SECRET + b"]]>\n</metadata>",
        b"<svg:metadata id='a'><metadata/><x><metadata>secret</metadata></x></svg:metadata>",
        b"<!-- secret <metadata> -->",
    ],
)
def test_metadata_and_comments_are_left_out_and_the_drawing_stays(secret: bytes) -> None:
    assert stripped(HEAD + secret + DRAWING) == HEAD + DRAWING


def test_a_drawing_without_metadata_stays_as_it_is() -> None:
    assert stripped(HEAD + DRAWING) == HEAD + DRAWING


@pytest.mark.parametrize("damaged", [b"<metadata>secret", b"<!-- secret", b"<metadata"])
def test_a_drawing_that_is_cut_short_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="cut short"):
        stripped(HEAD + damaged)


def test_a_drawing_is_known_by_its_begin() -> None:
    assert form_of(HEAD) == SVG
    assert form_of(b"<!-- made by hand -->\n<svg>") == SVG
    assert form_of(b"<html><svg>") == TEXT


def test_a_row_of_comments_that_begins_no_picture_is_read_once() -> None:
    """With backtracking this would take longer than the test may."""
    assert not svg.begins(b"<!---->" * 10_000 + b"x")
    assert svg.begins(b"\xef\xbb\xbf <?xml version='1.0'?>" + b"<!-- - -->\n" * 10_000 + b"<svg>")

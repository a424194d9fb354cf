"""Values that callers choose freely, and that everybody may have to show."""

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.values import LabelValue

LABEL = TypeAdapter[str](LabelValue)


def test_a_label_is_a_short_text_of_one_line() -> None:
    for text in ("", "späte Nacht", "🎨" * 64):
        assert LABEL.validate_python(text) == text
    for text in ("a\nb", "\0", "\x1b[2J", "\x85", "x" * 257):
        with pytest.raises(ValidationError):
            LABEL.validate_python(text)

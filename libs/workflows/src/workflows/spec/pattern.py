"""Patterns that texts must match, in the words of JSON Schema and searched in linear time.

A spec's author writes them and any caller's text meets them, so that no text may take long: the
engine knows no look-around and no back reference, and refuses what grows large.
"""

from collections.abc import Callable

from contracts.errors import InvalidError

MOST_COMPILED_BYTES = 64 * 1024
LONGEST_SEARCHED = 2_000
"""Characters. The slowest pattern of that size takes 30 ms for them (measured)."""
EXPECTED = (
    "expected a regular expression as JSON Schema has it, without look-around and back "
    "references, and with few repetitions: `max_length` bounds a text"
)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern is found in a text. Raises Invalid for what the engine does not take."""
    # 6 MB and 30 ms that only a process which meets a pattern should pay
    from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError  # noqa: PLC0415

    options = RegexOptions(size_limit=MOST_COMPILED_BYTES)
    try:
        validator = Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except ValidationError as error:
        raise InvalidError(EXPECTED, code="bad_pattern") from error
    return validator.is_valid

"""Compiles the spec of an input into a check: one small function over its values.

A check returns the value in canonical form, or adds problems and returns anything.
Checks are plain closures, because the gateway runs thousands of them per second.
"""

import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from contracts.errors import InvalidError
from workflows.file_names import is_inside
from workflows.json_values import is_array, is_number, is_object
from workflows.problems import Problems
from workflows.spec.parameter import MEDIA, TEXTS, InputSpec

Check: TypeAlias = Callable[[Any, str, Problems], Any]
Limits: TypeAlias = tuple[float, float, float | None]
"""(smallest value, largest value, divisor)"""

SEED_MAXIMUM = 2**64 - 1
DRAWN_SEED_MAXIMUM = 2**53 - 1
"""JavaScript's numbers are exact only up to here, so a drawn seed survives them."""
LONGEST_TEXT = 20_000
LONGEST_STRING = 2_000
LONGEST_MODEL_NAME = 500
MOST_ITEMS = 100
LARGEST_NUMBER = 2**64
"""No graph node takes a larger number, and a scaled number stays finite."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MOST_COMPILED_BYTES = 64 * 1024
LONGEST_SEARCHED = 2_000
"""Characters. The slowest pattern of that size takes 30 ms for them (measured)."""
EXPECTED_PATTERN = (
    "expected a regular expression as in JSON Schema, without look-around and back references, "
    "and with few repetitions; limit the length of a text with `max_length`"
)


def compile_check(spec: InputSpec) -> Check:
    """Compile the check of one input: its type, its limits, and its list if it is one."""
    one = MAKERS[spec.item_type](spec)
    return list_check(spec, one) if spec.is_list else one


def matcher(pattern: str) -> Callable[[str], bool]:
    """Compile a pattern into a search in linear time; raise Invalid if the engine refuses it.

    A spec's author writes the pattern and any caller's text meets it, so no text may take long.
    The engine knows no look-around and no back references, and limits the compiled size.
    """
    # 6 MB and 30 ms that only a process which meets a pattern should pay
    from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError  # noqa: PLC0415

    options = RegexOptions(size_limit=MOST_COMPILED_BYTES)
    try:
        validator = Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except ValidationError as error:
        raise InvalidError(EXPECTED_PATTERN, code="bad_pattern") from error
    return validator.is_valid


def longest(spec: InputSpec) -> int:
    default = LONGEST_TEXT if spec.item_type == "text" else LONGEST_STRING
    length = default if spec.max_length is None else spec.max_length
    return min(length, LONGEST_SEARCHED) if spec.pattern else length


def text_check(spec: InputSpec) -> Check:
    low, high = spec.min_length or 0, longest(spec)
    matches = matcher(spec.pattern) if spec.pattern else None

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            return problems.add(path, "wrong_type", "expected a text")
        if not low <= len(value) <= high:
            code = "too_long" if len(value) > high else "too_short"
            message = f"expected {low} to {high} characters"
            problems.add(path, code, message, minimum=low, maximum=high)
        elif not is_storable(value):
            message = "expected text without NUL and without half characters (lone surrogates)"
            problems.add(path, "bad_characters", message)
        elif matches and not matches(value):
            message = f"expected a text that matches {spec.pattern}"
            problems.add(path, "pattern_mismatch", message, pattern=spec.pattern)
        return value

    return check


def is_storable(text: str) -> bool:
    """Tell whether databases and UTF-8 take the text: JSON allows NUL and lone surrogates."""
    if "\0" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def integer_check(spec: InputSpec) -> Check:
    low, high = seed_range(spec) if spec.item_type == "seed" else range_of(spec)
    limits = (low, high, spec.multiple_of)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number: 20.0 is an integer
        if isinstance(value, bool) or not isinstance(value, int):
            return problems.add(path, "wrong_type", "expected a whole number")
        check_range(value, limits, path, problems)
        return value

    return check


def number_check(spec: InputSpec) -> Check:
    limits = (*range_of(spec), spec.multiple_of)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not is_number(value):
            return problems.add(path, "wrong_type", "expected a number")
        if isinstance(value, float) and not math.isfinite(value):
            return problems.add(path, "wrong_type", "expected a finite number")
        check_range(value, limits, path, problems)
        return float(value) if abs(value) <= LARGEST_NUMBER else None

    return check


def range_of(spec: InputSpec) -> tuple[int | float, int | float]:
    low = -LARGEST_NUMBER if spec.minimum is None else max(spec.minimum, -LARGEST_NUMBER)
    high = LARGEST_NUMBER if spec.maximum is None else min(spec.maximum, LARGEST_NUMBER)
    return low, high


def seed_range(spec: InputSpec) -> tuple[int | float, int | float]:
    high = SEED_MAXIMUM if spec.maximum is None else spec.maximum
    return max(0, spec.minimum or 0), min(high, SEED_MAXIMUM)


def check_range(value: float, limits: Limits, path: str, problems: Problems) -> None:
    low, high, multiple = limits
    if value < low:
        problems.add(path, "too_small", f"expected at least {low}", minimum=low)
    elif value > high:
        problems.add(path, "too_big", f"expected at most {high}", maximum=high)
    elif multiple is not None and not is_multiple(value, multiple):
        message = f"expected a multiple of {multiple}"
        problems.add(path, "not_a_multiple", message, multiple_of=multiple)


def is_multiple(value: float, of: float) -> bool:
    if isinstance(value, int) and isinstance(of, int):
        return value % of == 0
    return math.isclose(math.remainder(value, of), 0.0, abs_tol=abs(of) * 1e-6)


def check_boolean(value: Any, path: str, problems: Problems) -> Any:
    if not isinstance(value, bool):
        return problems.add(path, "wrong_type", "expected true or false")
    return value


def choice_check(spec: InputSpec) -> Check:
    # the key includes whether it is a boolean: true == 1 for Python, but not for a person
    known = {(isinstance(c.value, bool), c.value): c.value for c in spec.choices or []}
    shown = ", ".join(str(value) for value in list(known.values())[:20])

    def check(value: Any, path: str, problems: Problems) -> Any:
        key = (isinstance(value, bool), value)
        if not isinstance(value, str | int | float) or key not in known:
            return problems.add(path, "not_a_choice", f"expected one of {shown}")
        return known[key]

    return check


def check_model(value: Any, path: str, problems: Problems) -> Any:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_MODEL_NAME:
        return problems.add(path, "wrong_type", "expected the name of a model file")
    if not is_storable(value) or not is_inside(value):
        return problems.add(path, "unsafe_path", "expected a name inside the model folder")
    return value


def check_media(value: Any, path: str, problems: Problems) -> Any:
    media = value.get("media") if is_object(value) and len(value) == 1 else None
    if not isinstance(media, str) or not UUID.fullmatch(media):
        return problems.add(path, "wrong_type", 'expected {"media": "<id of an upload>"}')
    return {"media": media.lower()}


def list_check(spec: InputSpec, one: Check) -> Check:
    low, high = spec.min_items or 0, spec.max_items or MOST_ITEMS

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not is_array(value):
            return problems.add(path, "wrong_type", "expected a list")
        if not low <= len(value) <= high:
            code = "too_many_items" if len(value) > high else "too_few_items"
            message = f"expected {low} to {high} items"
            return problems.add(path, code, message, minimum=low, maximum=high)
        return [one(item, f"{path}.{index}", problems) for index, item in enumerate(value)]

    return check


MAKERS: dict[str, Callable[[InputSpec], Check]] = {
    **dict.fromkeys(TEXTS, text_check),
    **dict.fromkeys(("integer", "seed"), integer_check),
    "number": number_check,
    "boolean": lambda _: check_boolean,
    "choice": choice_check,
    "model": lambda _: check_model,
    **dict.fromkeys(MEDIA, lambda _: check_media),
}

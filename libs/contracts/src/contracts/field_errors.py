"""Says Pydantic's errors in the codes and sentences that inputs of workflows use.

Everything that reads a request, a message or a spec answers in this one dialect. Paths name
fields as the sender wrote them, without the branches of unions that Pydantic tried.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from contracts.errors import FieldError

MOST_ERRORS = 100
"""A hostile request must not get an answer much longer than itself."""
LONGEST_STEP = 100
SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", "this field is required"),
    "extra_forbidden": ("unknown", "unknown field"),
    "less_than": ("too_big", "expected less than {maximum}"),
    "less_than_equal": ("too_big", "expected at most {maximum}"),
    "greater_than": ("too_small", "expected more than {minimum}"),
    "greater_than_equal": ("too_small", "expected at least {minimum}"),
    "multiple_of": ("not_a_multiple", "expected a multiple of {multiple_of}"),
    "string_too_short": ("too_short", "expected at least {minimum} characters"),
    "string_too_long": ("too_long", "expected at most {maximum} characters"),
    "too_short": ("too_few_items", "expected at least {minimum} items"),
    "too_long": ("too_many_items", "expected at most {maximum} items"),
    "string_pattern_mismatch": ("pattern_mismatch", "expected a text that matches {pattern}"),
    "literal_error": ("not_a_choice", "expected {choices}"),
    "enum": ("not_a_choice", "expected {choices}"),
    "finite_number": ("wrong_type", "expected a finite number"),
}
"""Code and sentence by Pydantic's type of error."""
TYPES = (
    (re.compile(r"int_"), "expected a whole number"),
    (re.compile(r"(float|decimal)_"), "expected a number"),
    (re.compile(r"bool_"), "expected true or false"),
    (re.compile(r"(string|bytes)_"), "expected a text"),
    (re.compile(r"(list|tuple|set|frozen_set|iterable)_type"), "expected a list"),
    (re.compile(r"(dict|mapping|model|model_attributes|dataclass)_type"), "expected an object"),
    (re.compile(r"uuid_"), "expected an id (a UUID)"),
    (re.compile(r"(datetime|timezone)_"), "expected a time with a time zone"),
    (re.compile(r"date_"), "expected a date"),
    (re.compile(r"url_"), "expected a URL"),
)
"""Sentence of the code `wrong_type` by the start of Pydantic's type of error."""
PARAMS = {
    **dict.fromkeys(("lt", "le", "max_length"), "maximum"),
    **dict.fromkeys(("gt", "ge", "min_length"), "minimum"),
    **{name: name for name in ("multiple_of", "pattern")},
}
"""Name in `params` by Pydantic's name in an error's context."""
EXPECTED = "expected "
ONE_OF_MANY = re.compile(r"\b1 (item|character)s$")


def field_errors(
    found: Iterable[Mapping[str, Any]], value: Any, root: str = ""
) -> list[FieldError]:
    """Return one error for each field, without its value, which may be a secret.

    `value` is what was validated; `root` is the path of an error in no field.
    """
    by_path: dict[str, FieldError] = {}
    for item in found:
        path = path_of(item["loc"], value, is_missing=item["type"] == "missing") or root
        error = said(item, path)
        by_path[path] = either(by_path[path], error) if path in by_path else error
    return list(by_path.values())[:MOST_ERRORS]


def within(place: str, errors: Iterable[FieldError]) -> list[FieldError]:
    """Return the errors of a part of a request, with paths that begin at the whole."""
    return [error.model_copy(update={"path": f"{place}.{error.path}"}) for error in errors]


def path_of(steps: Sequence[Any], value: Any, *, is_missing: bool) -> str:
    """Return the steps that lead through the value; others are branches of a union, or `[key]`."""
    path: list[str] = []
    for place, step in enumerate(steps, start=1):
        if isinstance(value, Mapping) and step in value:
            value = cast("Mapping[Any, Any]", value)[step]
        elif isinstance(value, list | tuple) and isinstance(step, int):
            items = cast("Sequence[Any]", value)
            value = items[step] if step < len(items) else None
        elif not (is_missing and place == len(steps)):
            continue
        path.append(str(step)[:LONGEST_STEP])
    return ".".join(path)


def said(item: Mapping[str, Any], path: str) -> FieldError:
    """Return one error of Pydantic in our words; a sentence of ours comes as `value_error`."""
    kind, context = str(item["type"]), cast("Mapping[str, Any]", item.get("ctx") or {})
    if kind == "value_error":
        message = str(item["msg"]).removeprefix("Value error, ")
        return FieldError(path=path, code="invalid", message=message)
    params = {name: context[key] for key, name in PARAMS.items() if key in context}
    if kind in SENTENCES:
        code, sentence = SENTENCES[kind]
        message = sentence.format(**params, choices=choices(str(context.get("expected", ""))))
        message = ONE_OF_MANY.sub("1 \\1", message)
        return FieldError(path=path, code=code, message=message, params=params)
    sentences = (sentence for start, sentence in TYPES if start.match(kind))
    if sentence := next(sentences, None):
        return FieldError(path=path, code="wrong_type", message=sentence)
    return FieldError(path=path, code="invalid", message="expected another value")


def choices(expected: str) -> str:
    """`'a', 'b' or 'c'` → one of a, b, c."""
    names = re.findall(r"'([^']*)'", expected) or re.split(r", | or ", expected)
    return f"`{names[0]}`" if len(names) == 1 else f"one of {', '.join(names)}"


def either(first: FieldError, second: FieldError) -> FieldError:
    """Join the errors of two branches of a union: one of them had to fit."""
    message, more = first.message, second.message.removeprefix(EXPECTED)
    if message.startswith(EXPECTED) and second.message.startswith(EXPECTED) and more not in message:
        message = f"{message}, or {more}"
    return first.model_copy(update={"message": message, "params": first.params | second.params})

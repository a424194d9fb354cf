"""Checks the values that an input can send to each bind against what the graph node accepts.

It tries sample values of the input's type, with its limits and choices, as the graph node would
receive them.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from contracts.errors import FieldError
from workflows.compatibility.object_info import (
    NUMBER_TYPES,
    DeclaredInput,
    ObjectInfo,
    as_number,
    comes_by_link,
    declared_input,
)
from workflows.graph.graph import Graph, class_of
from workflows.graph.requirements import names_a_file
from workflows.inputs.render import transformed
from workflows.spec.binding import Bind
from workflows.spec.checks import range_of, seed_range
from workflows.spec.parameter import NUMBERS, InputSpec
from workflows.spec.spec import Spec

Mismatch: TypeAlias = tuple[str, str]
"""(error code, what the class expects)"""
SOME_TEXT = "some text"
SINGLE_VALUE_TYPES = (*NUMBER_TYPES, "STRING", "BOOLEAN")


def bind_errors(graph: Graph, spec: Spec, object_info: ObjectInfo) -> Iterator[FieldError]:
    """Yield the first mismatch of each bind whose class is known.

    No server ever accepts a `wrong_type`; every other code concerns only some values.
    """
    for name, item in spec.inputs.items():
        for index, bind in enumerate(item.bind):
            class_ = class_of(graph[bind.node])
            if bind.path or names_a_file(class_, bind.input):
                continue
            declared = declared_input(object_info.get(class_, {}), bind.input)
            if declared and (found := mismatch(item, bind, declared, object_info)):
                code, expected = found
                message = f"{class_}.{bind.input} takes {expected}"
                yield FieldError(path=f"inputs.{name}.bind.{index}", code=code, message=message)


def values_at(item: InputSpec, bind: Bind) -> list[Any]:
    """Return values that may reach this bind, from callers and from switches."""
    actions = [item.when_absent, *item.when, bind.when_absent]
    placed = [action.set for action in actions if action and action.set is not None]
    return [*(transformed(value, item, bind) for value in sample_values(item)), *placed]


def mismatch(
    item: InputSpec, bind: Bind, declared: DeclaredInput, object_info: ObjectInfo
) -> Mismatch | None:
    type_, values = declared.type, values_at(item, bind)
    if item.is_list and not item.is_spread:
        is_single = type_ in SINGLE_VALUE_TYPES
        return ("wrong_type", f"a single {type_}, not a list") if is_single else None
    if type_ in NUMBER_TYPES:
        return number_mismatch(values, declared)
    if type_ == "BOOLEAN":
        is_text = any(isinstance(value, str) for value in values)
        return ("wrong_type", "true or false, not a text") if is_text else None
    if declared.is_choice:
        # model and media files come and go: coverage reports which server has them
        names_file = item.is_media or item.item_type == "model"
        return None if names_file else choice_mismatch(values, declared.choices)
    if type_ != "STRING" and comes_by_link(declared, object_info):
        return "wrong_type", f"a link that gives {type_}"
    return None


def sample_values(item: InputSpec) -> list[Any]:
    """Return every choice; else the smallest, the largest and another value."""
    if item.item_type in NUMBERS:
        return sample_numbers(item)
    if item.item_type == "seed":
        return list(seed_range(item))
    if item.item_type == "boolean":
        return [True, False]
    if item.choices:
        return [choice.value for choice in item.choices]
    return [SOME_TEXT]


def sample_numbers(item: InputSpec) -> list[Any]:
    low, high = range_of(item)
    is_whole = item.item_type == "integer" or (item.multiple_of or 0.5) % 1 == 0
    between = 0.5 if low < 0.5 < high else low + 0.5  # noqa: PLR2004  any number with a fraction
    return [low, high] if is_whole or between > high else [low, high, between]


def number_mismatch(values: list[Any], declared: DeclaredInput) -> Mismatch | None:
    numbers = [number for value in values if (number := as_number(value)) is not None]
    if len(numbers) < len(values):
        return "wrong_type", f"a number ({declared.type}), not a text"
    low, high = declared.limits
    if min(numbers) < low or max(numbers) > high:
        return "out_of_range", f"{declared.expected_number}, but the spec allows others"
    if declared.type == "INT" and any(number % 1 for number in numbers):
        return "not_whole", "a whole number and drops the fraction: expected type integer"
    return None


def choice_mismatch(values: list[Any], choices: list[Any]) -> Mismatch | None:
    if not choices:
        return None
    if SOME_TEXT in values and SOME_TEXT not in choices:
        return "not_a_choice", "one value of a list: expected type choice"
    others = [str(value) for value in values if value not in choices]
    if not others:
        return None
    return "not_a_choice", f"other values: no server now offers {', '.join(others[:5])}"

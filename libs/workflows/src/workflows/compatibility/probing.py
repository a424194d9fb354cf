"""What a caller may send, held against what the graph nodes take that it is bound to.

Some value of each kind is tried, limits and choices included: as it reaches the graph node.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.compatibility.fits import (
    NUMBER_KINDS,
    ObjectInfo,
    comes_by_link,
    declared_inputs,
    names_a_file,
)
from workflows.graph.binding import Bind
from workflows.graph.graph import Graph, class_of
from workflows.graph.render import transformed
from workflows.spec.checks import range_of, seed_range
from workflows.spec.parameter import NUMBERS, InputSpec
from workflows.spec.places import is_array
from workflows.spec.spec import Spec

SOME_TEXT = "some text"
ONE_VALUE = (*NUMBER_KINDS, "STRING", "BOOLEAN")


@dataclass(frozen=True, slots=True)
class Finding:
    """What may reach a graph node that does not take it; `wrong_type` is never taken."""

    path: str
    code: str
    message: str


def probe(graph: Graph, spec: Spec, object_info: ObjectInfo) -> Iterator[Finding]:
    """The first thing that is wrong with each bind whose class is known."""
    for name, item in spec.inputs.items():
        for index, bind in enumerate(item.bind):
            class_ = class_of(graph[bind.node])
            declared = declaration(class_, bind, object_info)
            if declared is None:
                continue
            found = refusal(values_at(item, bind), item, declared, object_info)
            if found:
                code, expected = found
                message = f"{class_}.{bind.input} takes {expected}"
                yield Finding(f"inputs.{name}.bind.{index}", code, message)


def declaration(class_: str, bind: Bind, object_info: ObjectInfo) -> list[Any] | None:
    """What the class says of the input; None if it is made up by the graph, or a file's name."""
    if bind.path or names_a_file(class_, bind.input):
        return None
    info = object_info.get(class_, {})
    return next((entry for name, _, entry in declared_inputs(info) if name == bind.input), None)


def values_at(item: InputSpec, bind: Bind) -> list[Any]:
    """What may come to this place: what callers send, and what switches put there."""
    actions = [item.when_absent, *item.when, bind.when_absent]
    placed = [action.set for action in actions if action and action.set is not None]
    return [*(transformed(value, item, bind) for value in sent(item)), *placed]


def refusal(
    values: list[Any], item: InputSpec, declared: list[Any], object_info: ObjectInfo
) -> tuple[str, str] | None:
    kind: Any = declared[0]
    options: Mapping[str, Any] = declared[1] if len(declared) > 1 else {}
    if item.is_list and not item.is_spread:
        return ("wrong_type", f"one {kind}, no list") if kind in ONE_VALUE else None
    if kind in NUMBER_KINDS:
        return no_number(values, kind, options)
    if kind == "BOOLEAN":
        is_text = any(isinstance(value, str) for value in values)
        return ("wrong_type", "true or false, no text") if is_text else None
    if kind == "COMBO" or is_array(kind):
        choices: Any = kind if is_array(kind) else options.get("options")
        is_known = is_array(choices) and choices and not is_name(item)
        return no_choice(values, choices) if is_known else None
    if kind != "STRING" and comes_by_link(kind, options, object_info):
        return "wrong_type", f"a link that gives {kind}"
    return None


def is_name(item: InputSpec) -> bool:
    """Files come and go: coverage tells who has them."""
    return item.is_media or item.item_type == "model"


def sent(item: InputSpec) -> list[Any]:
    """The least, the greatest and some other value; every choice."""
    if item.item_type in NUMBERS:
        return numbers_sent(item)
    if item.item_type == "seed":
        return list(seed_range(item))
    if item.item_type == "boolean":
        return [True, False]
    if item.choices:
        return [choice.value for choice in item.choices]
    return [SOME_TEXT]


def numbers_sent(item: InputSpec) -> list[Any]:
    low, high = range_of(item)
    is_whole = item.item_type == "integer" or (item.multiple_of or 0.5) % 1 == 0
    between = 0.5 if low < 0.5 < high else low + 0.5  # noqa: PLR2004  some broken number
    return [low, high] if is_whole or between > high else [low, high, between]


def no_number(values: list[Any], kind: str, options: Mapping[str, Any]) -> tuple[str, str] | None:
    """As ComfyUI, which makes a number of what it gets and then looks at the limits."""
    try:
        # 2**64 - 1, the greatest seed, is no float
        numbers = [value if isinstance(value, int) else float(value) for value in values]
    except ValueError:
        return "wrong_type", f"a number ({kind}), no text"
    low, high = options.get("min"), options.get("max")
    is_below = isinstance(low, int | float) and min(numbers) < low
    is_above = isinstance(high, int | float) and max(numbers) > high
    if is_below or is_above:
        return "out_of_range", f"{low} to {high}: the spec allows more"
    if kind == "INT" and any(number % 1 for number in numbers):
        return "not_whole", "a whole number, and cuts off what is behind the point"
    return None


def no_choice(values: list[Any], choices: list[Any]) -> tuple[str, str] | None:
    if SOME_TEXT in values and SOME_TEXT not in choices:
        return "not_a_choice", "one of a list: expected type choice"
    odd = [str(value) for value in values if value not in choices]
    return ("not_a_choice", f"no {', '.join(odd[:5])} on the servers of now") if odd else None

"""Yields inputs that try the switches of a spec: none, each one alone, and all at once."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from workflows.spec.field_types import is_same
from workflows.spec.parameter import NUMBERS, TEXTS, InputSpec
from workflows.spec.spec import Spec

Case: TypeAlias = tuple[str, Mapping[str, Any]]
"""Path of the switch, and inputs that render but need not be valid."""
WHOLE = "graph"
ALL = "inputs"
MEDIA = {"media": "00000000-0000-0000-0000-000000000000"}
SOME_MODEL = "some.safetensors"
USUAL: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(TEXTS, ("some text",)),
    **dict.fromkeys((*NUMBERS, "seed"), (1, 2)),
    "boolean": (True, False),
    "model": (SOME_MODEL,),
}


def switch_cases(spec: Spec) -> Iterator[Case]:
    """Yield the whole graph first, as path `graph`, and all switches last, as path `inputs`."""
    whole = {name: present(item) for name, item in spec.inputs.items()}
    yield WHOLE, whole
    everything = dict(whole)
    for name, item in spec.inputs.items():
        for path, value in switching(name, item):
            yield path, {**whole, name: value}
            everything[name] = value
    yield ALL, everything


def present(item: InputSpec) -> Any:
    """Return a value that is not absent, and triggers no switch if there is such a value."""
    values = list(possible(item))
    quiet = [value for value in values if not any(is_same(value, w.value) for w in item.when)]
    return (quiet or values)[0]


def possible(item: InputSpec) -> Iterator[Any]:
    """Yield some values of this input, preferred ones first."""
    if item.is_spread:
        yield [MEDIA] * len(item.bind)
    elif item.is_media:
        yield MEDIA
    elif item.is_list:
        yield item.default or list(single_values(item))[:1]
    else:
        yield from (value for value in single_values(item) if not item.is_absent(value))
        yield from single_values(item)


def single_values(item: InputSpec) -> Iterator[Any]:
    if item.type != "seed":
        yield from () if item.default is None or item.is_list else (item.default,)
    yield from (choice.value for choice in item.choices or ())
    yield from USUAL.get(item.item_type, ())


def switching(name: str, item: InputSpec) -> Iterator[tuple[str, Any]]:
    """Yield each value that triggers a switch, with the switch's path."""
    for index, when in enumerate(item.when):
        yield f"inputs.{name}.when.{index}", when.value
    for index, bind in enumerate(item.bind):
        if item.is_spread and bind.when_absent and index >= max(1, item.min_items or 1):
            yield f"inputs.{name}.bind.{index}.when_absent", [MEDIA] * index
    absent = [path for path, _ in item.actions(name) if path.endswith("when_absent")]
    if absent and not item.required:
        yield absent[0], None

"""The graphs that a spec can make: every part there, each switch alone, and all at once."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from workflows.graph.switches import actions_of
from workflows.inputs.validation import is_absent
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec
from workflows.spec.text import is_same

Case: TypeAlias = tuple[str, Mapping[str, Any]]
"""Path of what is switched, and inputs that need not be valid, but render."""
WHOLE = "graph"
ALL = "inputs"
MEDIA = {"media": "00000000-0000-0000-0000-000000000000"}
USUAL: Mapping[str, tuple[Any, ...]] = {
    "text": ("some text",),
    "string": ("some text",),
    "integer": (1, 2),
    "number": (1.0, 2.0),
    "seed": (1, 2),
    "boolean": (True, False),
    "model": ("some.safetensors",),
}


def cases(spec: Spec) -> Iterator[Case]:
    """First the whole graph; its path is `graph`, that of all switches at once `inputs`."""
    whole = {name: present(item) for name, item in spec.inputs.items()}
    yield WHOLE, whole
    everything = dict(whole)
    for name, item in spec.inputs.items():
        for path, value in switching(name, item):
            yield path, {**whole, name: value}
            everything[name] = value
    yield ALL, everything


def present(item: InputSpec) -> Any:
    """A value that is there and, if there is one, switches nothing."""
    values = list(possible(item))
    quiet = [value for value in values if not any(is_same(value, w.value) for w in item.when)]
    return (quiet or values)[0]


def possible(item: InputSpec) -> Iterator[Any]:
    """Some values of this input, the usual ones first."""
    if item.is_spread:
        yield [MEDIA] * len(item.bind)
    elif item.is_media:
        yield MEDIA
    elif item.is_list:
        yield item.default or list(each(item))[:1]
    else:
        yield from (value for value in each(item) if not is_absent(item, value))
        yield from each(item)


def each(item: InputSpec) -> Iterator[Any]:
    if item.type != "seed":
        yield from () if item.default is None or item.is_list else (item.default,)
    yield from (choice.value for choice in item.choices or ())
    yield from USUAL.get(item.item_type, ())


def switching(name: str, item: InputSpec) -> Iterator[tuple[str, Any]]:
    """The values that switch something, with the paths of what they switch."""
    for index, when in enumerate(item.when):
        yield f"inputs.{name}.when.{index}", when.value
    for index, bind in enumerate(item.bind):
        if item.is_spread and bind.when_absent and index >= max(1, item.min_items or 1):
            yield f"inputs.{name}.bind.{index}.when_absent", [MEDIA] * index
    absent = [path for path, _ in actions_of(name, item) if path.endswith("when_absent")]
    if absent and not item.required:
        yield absent[0], None

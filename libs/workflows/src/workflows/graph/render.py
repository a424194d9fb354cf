"""The graph that runs: the stored graph with the inputs put in and switched-off parts cut out.

Pure and byte-stable: used by the registry (checks), the gateway (what does it need) and the
agent (the real thing). Only what changes is copied; the stored graph is never touched.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.graph.binding import Action, Bind, Transform
from workflows.graph.graph import Graph, as_link, inputs_of, reaching
from workflows.graph.rewire import Draft, bypass, remove
from workflows.inputs.validation import is_absent
from workflows.spec.parameter import InputSpec
from workflows.spec.places import is_array, with_at
from workflows.spec.spec import Spec
from workflows.spec.text import is_same, scalar_key


def render(
    graph: Graph,
    spec: Spec,
    inputs: Mapping[str, Any],
    staged: Mapping[str, str] | None = None,
) -> Draft:
    """The graph for these validated inputs.

    `staged` names the file that each media id became on the ComfyUI server; without it the
    id itself stands there, which is enough to see what the graph needs.
    """
    draft: Draft = dict(graph)
    actions: list[Action] = []
    copied: set[str] = set()
    for name, item in spec.in_order:
        value = given(item, inputs.get(name))
        action = action_for(item, value)
        if action:
            actions.append(action)
        for place, bind in enumerate(item.bind):
            own = nth_file(value, place) if is_array(value) and item.is_media else value
            result = action.set if action else None
            if own is None and bind.when_absent:
                actions.append(bind.when_absent)
                result = bind.when_absent.set if result is None else result
            elif own is not None and result is None:
                result = transformed(placed(item, own, staged), item, bind)
            if result is not None:
                put(draft, bind, result, copied)
    return pruned(switched(draft, actions), spec)


def given(item: InputSpec, value: Any) -> Any:
    return None if is_absent(item, value) else value


def action_for(item: InputSpec, value: Any) -> Action | None:
    """What this value switches, if it does."""
    if value is None:
        return item.when_absent
    return next((when for when in item.when if is_same(value, when.value)), None)


def nth_file(files: list[Any], place: int) -> Any:
    """Of a list of files each goes to a place of its own; what is over has none."""
    return files[place] if place < len(files) else None


def placed(item: InputSpec, value: Any, staged: Mapping[str, str] | None) -> Any:
    """The value as graph nodes know it: a file name for media."""
    if not item.is_media:
        return value
    media_id: str = value["media"]
    return media_id if staged is None else staged[media_id]


def transformed(value: Any, item: InputSpec, bind: Bind) -> Any:
    change = bind.transform
    if is_array(value):
        values = [changed(entry, item, change) if change else entry for entry in value]
        # ComfyUI takes a bare list of two for a link; inside `path` it takes it as it is
        return values if bind.path else {"__value__": values}
    return changed(value, item, change) if change else value


def changed(value: Any, item: InputSpec, change: Transform) -> Any:
    if change.template is not None:
        return change.template.replace("{}", str(value))
    if change.map is not None:
        return change.map.get(scalar_key(value), value)
    if change.scale is not None:
        scaled = value * change.scale
        return round(scaled) if item.item_type == "integer" else scaled
    return not value if change.negate else value


def put(draft: Draft, bind: Bind, value: Any, copied: set[str]) -> None:
    """Write one value, after giving the graph node a copy of its own."""
    if bind.node not in copied:
        node = draft[bind.node]
        draft[bind.node] = {**node, "inputs": dict(inputs_of(node))}
        copied.add(bind.node)
    inputs: dict[str, Any] = draft[bind.node]["inputs"]
    if bind.path is None:
        inputs[bind.input] = value
    else:
        inputs[bind.input] = with_at(inputs.get(bind.input), bind.path.split("."), value)


def switched(draft: Draft, actions: list[Action]) -> Draft:
    for action in actions:
        if action.bypass is not None:
            draft = bypass(draft, action.bypass, action.through or [])
        elif action.remove is not None:
            draft = remove(draft, action.remove)
    return draft


def pruned(draft: Draft, spec: Spec) -> Draft:
    """Only what the kept outputs need: the rest would cost time, models and node classes."""
    if not spec.outputs:
        return draft
    needed = reaching(draft, (output.node for output in spec.outputs.values()))
    return {id_: node for id_, node in draft.items() if id_ in needed}


def dangling(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Links to graph nodes that are not there, as (graph node, input, missing one)."""
    for id_, node in graph.items():
        for name, value in inputs_of(node).items():
            link = as_link(value)
            if link and link[0] not in graph:
                yield id_, name, link[0]

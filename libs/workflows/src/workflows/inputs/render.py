"""Renders the graph that runs: the stored graph with inputs in place and unused parts removed.

Pure and byte-stable: the registry checks the rendered graph, the gateway derives its requirements,
and the agent runs it. Only changed graph nodes are copied; the stored graph never changes.
"""

from collections.abc import Mapping
from typing import Any

from workflows.graph.graph import Graph, inputs_of, reaching
from workflows.graph.removal import Draft, take_out
from workflows.json_values import is_array, with_at
from workflows.spec.binding import Action, Bind, Transform
from workflows.spec.field_types import is_same, scalar_key
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec


def render(
    graph: Graph,
    spec: Spec,
    inputs: Mapping[str, Any],
    staged: Mapping[str, str] | None = None,
) -> Draft:
    """Return the graph for these validated inputs.

    `staged` maps each media id to its file on the ComfyUI server. Without it the graph holds the
    id itself, which is enough to derive the graph's requirements.
    """
    draft: Draft = dict(graph)
    actions: list[Action] = []
    copied: set[str] = set()
    for name, item in spec.in_order:
        value = inputs.get(name)
        if item.is_absent(value):
            value = None
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
    return reduced(draft, actions, spec)


def action_for(item: InputSpec, value: Any) -> Action | None:
    """Return the action that this value triggers, if any."""
    if value is None:
        return item.when_absent
    return next((when for when in item.when if is_same(value, when.value)), None)


def nth_file(files: list[Any], place: int) -> Any:
    """Return the file for the n-th place; None if the list is shorter."""
    return files[place] if place < len(files) else None


def placed(item: InputSpec, value: Any, staged: Mapping[str, str] | None) -> Any:
    """Return the value in the form that graph nodes take: a file name for media."""
    if not item.is_media:
        return value
    media_id: str = value["media"]
    return media_id if staged is None else staged[media_id]


def transformed(value: Any, item: InputSpec, bind: Bind) -> Any:
    change = bind.transform
    if is_array(value):
        values = [changed(entry, item, change) if change else entry for entry in value]
        # ComfyUI takes a bare list of two for a link, but not inside `path`
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
    """Write one value, after copying the graph node if it is still the stored one."""
    if bind.node not in copied:
        node = draft[bind.node]
        draft[bind.node] = {**node, "inputs": dict(inputs_of(node))}
        copied.add(bind.node)
    inputs: dict[str, Any] = draft[bind.node]["inputs"]
    if bind.path is None:
        inputs[bind.input] = value
    else:
        inputs[bind.input] = with_at(inputs.get(bind.input), bind.path.split("."), value)


def reduced(draft: Draft, actions: list[Action], spec: Spec) -> Draft:
    """Take out what the actions name and what no output depends on: it costs time and models."""
    for action in actions:
        if target := action.graph_node:
            draft = take_out(draft, target, action.through or ())
    if not spec.outputs:
        return draft
    kept = reaching(draft, (output.node for output in spec.outputs.values()))
    return {id_: node for id_, node in draft.items() if id_ in kept}

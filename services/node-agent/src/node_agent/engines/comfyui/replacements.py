"""Exchanges classes that a server knows only under their new names.

ComfyUI renames classes and lists the former names (`/node_replacements`, since 0.14). It exchanges
them in a posted prompt too, but drops every input where it lists no names of inputs
(app/node_replace_manager.py), so the agent does it as the editor does: such inputs keep theirs.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from node_agent.ports import Graph
from workflows.graph.graph import GraphNode, as_link, class_of, inputs_of
from workflows.json_values import as_array, as_object

SECTIONS = ("required", "optional")


class InputPair(BaseModel):
    """A new input, and its former name or else its value."""

    new_id: str
    old_id: str | None = None
    set_value: Any = None


class OutputPair(BaseModel):
    """The new slot of a former output."""

    new_idx: int
    old_idx: int


class Replacement(BaseModel):
    """The class that replaces another one, in ComfyUI's format."""

    new_node_id: str
    input_mapping: list[InputPair] | None = None
    output_mapping: list[OutputPair] | None = None

    @property
    def slots(self) -> dict[int, int]:
        """The new output slots by the former ones, where they differ."""
        return {pair.old_idx: pair.new_idx for pair in self.output_mapping or ()}

    def former_name(self, name: str) -> str | None:
        """Return the former name of an input; None if the class gained it."""
        if self.input_mapping is None:
            return name
        return next((pair.old_id for pair in self.input_mapping if pair.new_id == name), None)

    def new_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if self.input_mapping is None:
            return dict(inputs)
        return {
            pair.new_id: pair.set_value if pair.old_id is None else inputs[pair.old_id]
            for pair in self.input_mapping
            if pair.old_id is None or pair.old_id in inputs
        }


Replacements: TypeAlias = Mapping[str, Replacement]
"""By the former name of a class."""


def usable(answer: object, classes: Mapping[str, Any]) -> Replacements:
    """Return the replacements of classes that the server lacks by classes that it has."""
    return {
        name: found
        for name, found in read(answer)
        if name not in classes and found.new_node_id in classes
    }


def read(answer: object) -> Iterator[tuple[str, Replacement]]:
    for name, entries in as_object(answer).items():
        for entry in as_array(entries)[:1]:  # ComfyUI takes only the first
            try:
                yield name, Replacement.model_validate(entry)
            except ValidationError:
                continue


def with_former(classes: Mapping[str, Any], replacements: Replacements) -> dict[str, Any]:
    """Return the classes, and those with former names as they were."""
    former = {
        name: former_class(name, found, as_object(classes[found.new_node_id]))
        for name, found in replacements.items()
    }
    return {**classes, **former}


def former_class(name: str, found: Replacement, successor: Mapping[str, Any]) -> dict[str, Any]:
    sections = as_object(successor.get("input"))
    inputs = {
        section: {
            former: declared
            for new, declared in as_object(sections.get(section)).items()
            if (former := found.former_name(new))
        }
        for section in SECTIONS
    }
    outputs = as_array(successor.get("output"))
    slots = (found.slots.get(slot, slot) for slot in range(len(outputs)))
    types = [outputs[slot] for slot in slots if 0 <= slot < len(outputs)]
    return {**successor, "input": inputs, "output": types, "name": name}


def exchanged(graph: Graph, replacements: Replacements) -> Graph:
    """Return the graph in the names that the server knows."""
    former = {
        id_: found for id_, node in graph.items() if (found := replacements.get(class_of(node)))
    }
    if not former:
        return graph
    return {id_: with_new_names(node, former.get(id_), former) for id_, node in graph.items()}


def with_new_names(
    node: GraphNode, found: Replacement | None, former: Mapping[str, Replacement]
) -> dict[str, Any]:
    inputs = {name: relinked(value, former) for name, value in inputs_of(node).items()}
    if found is None:
        return {**node, "inputs": inputs}
    return {**node, "class_type": found.new_node_id, "inputs": found.new_inputs(inputs)}


def relinked(value: Any, former: Mapping[str, Replacement]) -> Any:
    link = as_link(value)
    if link is None or link[0] not in former:
        return value
    return [link[0], former[link[0]].slots.get(link[1], link[1])]

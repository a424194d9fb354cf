"""Decides whether ComfyUI would run a prompt, and otherwise builds ComfyUI's answer.

Errors and their shapes follow recordings of ComfyUI 0.8.0. A prompt is accepted if one output
node is valid; faults of the others are reported beside it.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any, cast

from preview_engine.domain.catalog import FILE_CLASSES, Catalog, Graph, Input, Json
from preview_engine.domain.values import (
    Fault,
    bad_link,
    coerce,
    conversion_fault,
    fault,
    input_fault,
    mismatch,
    value_fault,
)

LINK_LENGTH = 2


@dataclass(slots=True)
class ValidationResult:
    """The result of a validation; `error` is None if the prompt may run."""

    error: Fault | None = None
    outputs: list[str] = field(default_factory=list[str])
    node_errors: dict[str, Json] = field(default_factory=dict[str, Json])


def validate_prompt(
    graph: Graph,
    catalog: Catalog,
    *,
    file_exists: Callable[[str], bool],
    targets: Container[str] | None = None,
) -> ValidationResult:
    """Check `graph` and coerce its values in place, as ComfyUI does.

    Raises TypeError for a value that is no graph at all, where ComfyUI answers 500.
    """
    outputs: list[str] = []
    for node_id in graph:
        node = graph[node_id]
        if "class_type" not in node:
            message = "Cannot execute because a node is missing the class_type property."
            return ValidationResult(fault("invalid_prompt", message, f"Node ID '#{node_id}'"))
        class_name = node["class_type"]
        if class_name not in catalog:
            message = f"Cannot execute because node {class_name} does not exist."
            return ValidationResult(fault("invalid_prompt", message, f"Node ID '#{node_id}'"))
        if catalog[class_name].is_output and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return ValidationResult(fault("prompt_no_outputs", "Prompt has no outputs", ""))
    return _Validation(graph, catalog, file_exists).validate(outputs)


class _Validation:
    def __init__(self, graph: Graph, catalog: Catalog, file_exists: Callable[[str], bool]) -> None:
        self._graph = graph
        self._catalog = catalog
        self._file_exists = file_exists
        self._is_valid: dict[str, bool] = {}
        self._faults: dict[str, list[Fault]] = {}

    def validate(self, outputs: list[str]) -> ValidationResult:
        result = ValidationResult()
        reasons: list[Fault] = []
        for node_id in outputs:
            if self._check_output(node_id):
                result.outputs.append(node_id)
            else:
                reasons += self._faults.get(node_id, [])
                self._add_errors(node_id, result.node_errors)
        if not result.outputs:
            result.error = fault(
                "prompt_outputs_failed_validation",
                "Prompt outputs failed validation",
                "\n".join(f"{reason['message']}: {reason['details']}" for reason in reasons),
            )
        return result

    def _check_output(self, node_id: str) -> bool:
        try:
            return self._check(node_id)
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            message = "Exception when validating node"
            found = fault("exception_during_validation", message, str(error), **named(error))
            self._faults[node_id] = [found]
            return False

    def _add_errors(self, output_id: str, node_errors: dict[str, Json]) -> None:
        for node_id, faults in self._faults.items():
            class_name = self._graph[node_id]["class_type"]
            new = {"errors": faults, "dependent_outputs": list[str](), "class_type": class_name}
            node_errors.setdefault(node_id, new)["dependent_outputs"].append(output_id)

    def _check(self, node_id: str) -> bool:
        """Check depth first, each graph node once; one found below itself, in a cycle, is wrong."""
        if node_id in self._is_valid:
            return self._is_valid[node_id]
        self._is_valid[node_id] = False
        node = self._graph[node_id]
        inputs: dict[str, Any] = node["inputs"]
        faults: list[Fault] = []
        is_valid = True
        for declared in self._catalog[node["class_type"]].inputs:
            is_valid = self._check_input(node["class_type"], declared, inputs, faults) and is_valid
        if faults:
            self._faults[node_id] = faults
        self._is_valid[node_id] = is_valid and not faults
        return self._is_valid[node_id]

    def _check_input(
        self, class_name: str, declared: Input, inputs: dict[str, Any], faults: list[Fault]
    ) -> bool:
        """Add the input's own fault to `faults`; return False if a linked graph node is wrong."""
        if declared.name not in inputs:
            if declared.is_required:
                message, name = "Required input is missing", declared.name
                faults.append(fault("required_input_missing", message, name, input_name=name))
            return True
        value = inputs[declared.name]
        if isinstance(value, list):
            return self._check_link(declared, cast("list[Any]", value), faults)
        try:
            inputs[declared.name] = value = coerce(declared, value)
        except (TypeError, ValueError, OverflowError) as error:
            faults.append(conversion_fault(declared, value, error))
            return True
        if class_name in FILE_CLASSES and declared.name == "image":
            problem = self._file_fault(declared, value)
        else:
            problem = value_fault(declared, value)
        if problem:
            faults.append(problem)
        return True

    def _file_fault(self, declared: Input, value: Json) -> Fault | None:
        if isinstance(value, str) and self._file_exists(value):
            return None
        return fault(
            "custom_validation_failed",
            "Custom validation failed for node",
            f"{declared.name} - Invalid image file: {value}",
            input_name=declared.name,
        )

    def _check_link(self, declared: Input, value: list[Any], faults: list[Fault]) -> bool:
        if len(value) != LINK_LENGTH:
            faults.append(bad_link(declared, value))
            return True
        source_id, slot = value[0], value[1]
        outputs: Any = self._catalog[self._graph[source_id]["class_type"]].outputs
        received: str = outputs[slot]
        if "*" not in (received, declared.type) and received != declared.type:
            faults.append(mismatch(declared, received, value))
            return True
        try:
            return self._check(source_id)
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            found = input_fault(
                declared,
                "exception_during_inner_validation",
                "Exception when validating inner node",
                str(error),
                **named(error),
                exception_message=str(error),
                linked_node=value,
            )
            self._faults[source_id] = [found]
            return False


def named(error: Exception) -> dict[str, Json]:
    return {"exception_type": type(error).__name__, "traceback": list[str]()}

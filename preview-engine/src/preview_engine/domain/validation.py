"""Decides whether ComfyUI would run a prompt, and otherwise builds ComfyUI's answer.

Errors and their shapes follow recordings of ComfyUI 0.8.0. A prompt is accepted if one output
node is valid; faults of the others are reported beside it.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any, cast

from preview_engine.domain.catalog import FILE_CLASSES, Catalog, Graph, Input, Json
from preview_engine.domain.values import (
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

    error: dict[str, Json] | None = None
    outputs: list[str] = field(default_factory=list[str])
    node_errors: dict[str, Json] = field(default_factory=dict[str, Json])


@dataclass(slots=True)
class _NodeResult:
    is_valid: bool
    faults: list[dict[str, Json]] = field(default_factory=list[dict[str, Json]])


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
        self._node_results: dict[str, _NodeResult] = {}
        self._open: set[str] = set()

    def validate(self, outputs: list[str]) -> ValidationResult:
        result = ValidationResult()
        reasons: list[dict[str, Json]] = []
        for node_id in outputs:
            node_result = self._check_output(node_id)
            if node_result.is_valid:
                result.outputs.append(node_id)
            else:
                reasons += node_result.faults
                self._add_errors(node_id, result.node_errors)
        if not result.outputs:
            result.error = fault(
                "prompt_outputs_failed_validation",
                "Prompt outputs failed validation",
                "\n".join(f"{reason['message']}: {reason['details']}" for reason in reasons),
            )
        return result

    def _check_output(self, node_id: str) -> _NodeResult:
        try:
            return self._check(node_id)
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            message = "Exception when validating node"
            found = fault("exception_during_validation", message, str(error), **named(error))
            self._node_results[node_id] = node_result = _NodeResult(is_valid=False, faults=[found])
            return node_result

    def _add_errors(self, output_id: str, node_errors: dict[str, Json]) -> None:
        for node_id, node_result in self._node_results.items():
            if not node_result.is_valid and node_result.faults:
                entry = node_errors.setdefault(
                    node_id,
                    {
                        "errors": node_result.faults,
                        "dependent_outputs": [],
                        "class_type": self._graph[node_id]["class_type"],
                    },
                )
                entry["dependent_outputs"].append(output_id)

    def _check(self, node_id: str) -> _NodeResult:
        """Check depth first, each graph node once; a node found below itself is a cycle."""
        if node_id in self._node_results:
            return self._node_results[node_id]
        if node_id in self._open:
            return _NodeResult(is_valid=False)
        self._open.add(node_id)
        node = self._graph[node_id]
        inputs: dict[str, Any] = node["inputs"]
        node_result = _NodeResult(is_valid=True)
        for declared in self._catalog[node["class_type"]].inputs:
            self._check_input(node["class_type"], declared, inputs, node_result)
        node_result.is_valid = node_result.is_valid and not node_result.faults
        self._node_results[node_id] = node_result
        self._open.discard(node_id)
        return node_result

    def _check_input(
        self, class_name: str, declared: Input, inputs: dict[str, Any], node_result: _NodeResult
    ) -> None:
        if declared.name not in inputs:
            if declared.is_required:
                message, name = "Required input is missing", declared.name
                found = fault("required_input_missing", message, name, input_name=name)
                node_result.faults.append(found)
            return
        value = inputs[declared.name]
        if isinstance(value, list):
            self._check_link(declared, cast("list[Any]", value), node_result)
            return
        try:
            inputs[declared.name] = value = coerce(declared, value)
        except (TypeError, ValueError, OverflowError) as error:
            node_result.faults.append(conversion_fault(declared, value, error))
            return
        if class_name in FILE_CLASSES and declared.name == "image":
            problem = self._file_fault(declared, value)
        else:
            problem = value_fault(declared, value)
        if problem:
            node_result.faults.append(problem)

    def _file_fault(self, declared: Input, value: Json) -> dict[str, Json] | None:
        if isinstance(value, str) and self._file_exists(value):
            return None
        return fault(
            "custom_validation_failed",
            "Custom validation failed for node",
            f"{declared.name} - Invalid image file: {value}",
            input_name=declared.name,
        )

    def _check_link(self, declared: Input, value: list[Any], node_result: _NodeResult) -> None:
        if len(value) != LINK_LENGTH:
            node_result.faults.append(bad_link(declared, value))
            return
        source_id, slot = value[0], value[1]
        outputs: Any = self._catalog[self._graph[source_id]["class_type"]].outputs
        received: str = outputs[slot]
        if "*" not in (received, declared.type) and received != declared.type:
            node_result.faults.append(mismatch(declared, received, value))
            return
        try:
            node_result.is_valid = self._check(source_id).is_valid and node_result.is_valid
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            node_result.is_valid = False
            found = input_fault(
                declared,
                "exception_during_inner_validation",
                "Exception when validating inner node",
                str(error),
                **named(error),
                exception_message=str(error),
                linked_node=value,
            )
            self._node_results[source_id] = _NodeResult(is_valid=False, faults=[found])


def named(error: Exception) -> dict[str, Json]:
    return {"exception_type": type(error).__name__, "traceback": list[str]()}

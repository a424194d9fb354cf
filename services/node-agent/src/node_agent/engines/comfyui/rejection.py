"""Reads why ComfyUI refused a graph: something is missing on this node, or the graph is wrong.

The texts are ours: ComfyUI's own name its lists of files, its paths and its Python.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.agent import AttemptEnd, Cause
from node_agent.domain.endings import failed_end
from node_agent.engines.comfyui.outcome import presentable
from workflows.graph.requirements import MODEL_INPUTS
from workflows.json_values import as_array, as_object

MODEL_FILE = re.compile(r"\.(safetensors|sft|ckpt|pth?|bin|gguf|onnx|pkl)$", re.IGNORECASE)
GRAPH_NODE = re.compile(r"#([^']+)")
NO_SUCH_CLASS = re.compile(r"node (\S+) does not exist", re.IGNORECASE)

MEANINGS = {
    "required_input_missing": "it is needed and not given",
    "bad_linked_input": "its link is malformed",
    "return_type_mismatch": "its link gives another type",
    "invalid_input_type": "its value is of another type",
    "value_smaller_than_min": "its value is too small",
    "value_bigger_than_max": "its value is too big",
    "value_not_in_list": "its value is none of the server's choices",
    "custom_validation_failed": "the graph node does not take its value",
}
OF_VALUES = frozenset(
    {
        "value_smaller_than_min",
        "value_bigger_than_max",
        "value_not_in_list",
        "custom_validation_failed",
    }
)
"""Refusals that another value, or another server's list, would lift."""
NO_OUTPUT, NO_CLASS = "prompt_no_outputs", "missing_node_type"


def rejection(status: int, body: object) -> AttemptEnd:
    """The failure that the answer to POST /prompt stands for."""
    answer = as_object(body)
    error = as_object(answer.get("error"))
    problems = list(graph_node_problems(as_object(answer.get("node_errors"))))
    missing = next((p for p in problems if p.cause is Cause.MISSING), None)
    if missing or problems:
        return missing or problems[0]
    graph_node = GRAPH_NODE.search(str(error.get("details", "")))
    if class_ := missing_class(error):
        return failed_end(
            Cause.MISSING,
            "missing_class",
            presentable(f"The server has no class {class_}."),
            graph_node=graph_node[1] if graph_node else None,
            graph_node_class=class_,
        )
    has_no_output = error.get("type") == NO_OUTPUT
    text = "The graph writes nothing." if has_no_output else f"ComfyUI answered {status}."
    return failed_end(Cause.WORKFLOW, "graph_refused", text)


def missing_class(error: Mapping[str, Any]) -> str | None:
    """Return the class that the server does not have.

    ComfyUI 0.12 and later name it in `extra_info` (execution.py, `validate_prompt`), since their
    message has the title of the graph node; older ones name it in the message alone.
    """
    if error.get("type") == NO_CLASS:
        class_ = as_object(error.get("extra_info")).get("class_type")
        return class_ if isinstance(class_, str) and class_ else None
    found = NO_SUCH_CLASS.search(str(error.get("message", "")))
    return found[1] if found else None


def graph_node_problems(node_errors: Mapping[str, Any]) -> Iterator[AttemptEnd]:
    for graph_node, entry in node_errors.items():
        fields = as_object(entry)
        class_ = str(fields.get("class_type", ""))
        for error in as_array(fields.get("errors")):
            yield problem(graph_node, class_, as_object(error))


def problem(graph_node: str, class_: str, error: Mapping[str, Any]) -> AttemptEnd:
    extra = as_object(error.get("extra_info"))
    name, value = str(extra.get("input_name", "")), extra.get("received_value")
    kind = str(error.get("type", ""))
    if kind == "value_not_in_list" and (
        name in MODEL_INPUTS.get(class_, {}) or MODEL_FILE.search(str(value))
    ):
        text = presentable(f"{name}: {value!r} is not in the list of this node")
        return failed_end(Cause.MISSING, "missing_model", text, graph_node, class_)
    why = MEANINGS.get(kind, "the server cannot check it")
    text = presentable(f"Input {name or 'unknown'} of {class_ or 'a graph node'}: {why}.")
    end = failed_end(Cause.WORKFLOW, "graph_refused", text, graph_node, class_)
    return end.model_copy(update={"refused_input": name if kind in OF_VALUES and name else None})


def lacks_input_file(body: object) -> bool:
    """Return whether a staged file is gone: the server was set up anew since it was sent."""
    errors = as_object(as_object(body).get("node_errors")).values()
    return any(
        as_object(problem).get("type") == "custom_validation_failed"
        and "Invalid" in str(as_object(problem).get("details"))
        for entry in errors
        for problem in as_array(as_object(entry).get("errors"))
    )

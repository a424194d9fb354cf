from typing import Any

import pytest
from hypothesis import given

from contracts.agent import Cause
from node_agent.engines.comfyui.rejection import lacks_input_file, rejection

from .test_outcome import ANY_JSON, error_of


def a_problem(kind: str, class_: str, name: str, value: Any = None, **more: Any) -> dict[str, Any]:
    extra = {"input_name": name, "received_value": value}
    error = {"type": kind, "message": kind, "details": name, "extra_info": extra} | more
    return {"errors": [error], "class_type": class_, "dependent_outputs": ["9"]}


def an_answer(**problems: Any) -> dict[str, Any]:
    return {"error": {"type": "prompt_outputs_failed_validation"}, "node_errors": problems}


def test_a_model_that_is_not_in_the_list_is_missing_and_the_list_stays_secret() -> None:
    details = "ckpt_name: 'a.safetensors' not in ['secret.safetensors']"
    problem = a_problem(
        "value_not_in_list", "CheckpointLoaderSimple", "ckpt_name", "a.safetensors", details=details
    )
    found = rejection(400, an_answer(**{"4": problem}))
    error = error_of(found)

    assert (found.cause, error.code) == (Cause.MISSING, "missing_model")
    assert (error.graph_node, error.graph_node_class) == ("4", "CheckpointLoaderSimple")
    assert "a.safetensors" in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize(
    "error",
    [
        {
            "type": "invalid_prompt",
            "message": "Cannot execute because node ImageBlurTyped does not exist.",
            "details": "Node ID '#1'",
            "extra_info": {},
        },
        {
            "type": "missing_node_type",
            "message": "Node 'Soften' not found. The custom node may not be installed.",
            "details": "Node ID '#1'",
            "extra_info": {
                "node_id": "1",
                "class_type": "ImageBlurTyped",
                "node_title": "Soften",
            },
        },
    ],
    ids=["0.8", "0.33"],
)
def test_a_class_that_is_not_there_is_named(error: dict[str, Any]) -> None:
    found = rejection(400, {"error": error, "node_errors": {}})

    assert (found.cause, error_of(found).code) == (Cause.MISSING, "missing_class")
    assert error_of(found).graph_node == "1"
    assert error_of(found).graph_node_class == "ImageBlurTyped"


def test_a_graph_node_without_a_class_is_the_workflows_fault() -> None:
    error = {"type": "missing_node_type", "extra_info": {"node_id": "1", "class_type": None}}

    assert rejection(400, {"error": error}).cause is Cause.WORKFLOW


def test_a_model_of_a_custom_loader_is_told_by_its_ending() -> None:
    problem = a_problem("value_not_in_list", "MyLoader", "file", "flux.gguf")

    assert rejection(400, an_answer(**{"4": problem})).cause is Cause.MISSING


@pytest.mark.parametrize("kind", ["value_not_in_list", "custom_validation_failed"])
def test_an_input_whose_value_is_refused_is_named(kind: str) -> None:
    found = rejection(400, an_answer(**{"3": a_problem(kind, "Paint", "mode", "odd")}))

    assert (error_of(found).graph_node, found.refused_input) == ("3", "mode")
    missing = a_problem("required_input_missing", "Paint", "mode")
    assert rejection(400, an_answer(**{"3": missing})).refused_input is None


def test_a_wrong_choice_is_the_workflows_fault() -> None:
    problem = a_problem("value_not_in_list", "KSampler", "sampler_name", "no_such_sampler")

    assert rejection(400, an_answer(**{"3": problem})).cause is Cause.WORKFLOW


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("invalid_input_type", "of another type"),
        ("value_smaller_than_min", "too small"),
        ("value_not_in_list", "none of the server's choices"),
        ("exception_during_inner_validation", "cannot check"),
    ],
)
def test_a_wrong_input_is_named_in_our_words(kind: str, why: str) -> None:
    theirs = {"message": "invalid literal for int() with base 10", "details": "in /opt/x.py"}
    problem = a_problem(kind, "KSampler", "steps", "many", **theirs)
    error = error_of(rejection(400, an_answer(**{"3": problem})))

    assert (error.code, error.graph_node, error.graph_node_class) == (
        "graph_refused",
        "3",
        "KSampler",
    )
    assert "steps" in error.message
    assert "KSampler" in error.message
    assert why in error.message
    assert not any(word in error.message for word in ("literal", "base 10", "x.py"))


def test_a_graph_that_writes_nothing_is_told_so() -> None:
    answer = {"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs"}}

    assert error_of(rejection(400, answer)).message == "The graph writes nothing."


def test_a_missing_model_counts_more_than_a_wrong_value() -> None:
    wrong = a_problem("value_smaller_than_min", "KSampler", "denoise", -1)
    missing = a_problem("value_not_in_list", "VAELoader", "vae_name", "x.pt")

    assert rejection(400, an_answer(**{"3": wrong, "4": missing})).cause is Cause.MISSING


def test_an_unknown_class_is_missing_and_named() -> None:
    message = "Cannot execute because node NoSuchNode does not exist."
    error = {"type": "invalid_prompt", "message": message, "details": "Node ID '#1'"}
    found = rejection(400, {"error": error, "node_errors": {}})

    assert (found.cause, error_of(found).code) == (Cause.MISSING, "missing_class")
    assert (error_of(found).graph_node, error_of(found).graph_node_class) == ("1", "NoSuchNode")


def test_an_answer_that_is_no_json_still_has_a_message() -> None:
    assert error_of(rejection(413, None)).message == "ComfyUI answered 413."


def test_a_staged_file_that_is_gone_is_noticed() -> None:
    details = "image - Invalid image file: cf/abc.png"
    problem = a_problem("custom_validation_failed", "LoadImage", "image", details=details)

    assert lacks_input_file(an_answer(**{"1": problem}))
    assert not lacks_input_file(an_answer())


@given(ANY_JSON)
def test_whatever_a_server_answers_there_is_a_reason(body: Any) -> None:
    assert error_of(rejection(400, body)).message
    assert error_of(rejection(400, {"error": body, "node_errors": body})).message
    assert error_of(rejection(400, {"node_errors": {"1": {"errors": body}}})).message
    lacks_input_file({"node_errors": {"1": {"errors": body}}})

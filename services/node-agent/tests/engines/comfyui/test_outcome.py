from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.agent import AttemptEnd, Cause, Outcome
from contracts.scheduler.jobs import JobError
from node_agent.engines.comfyui.outcome import (
    cause_of,
    executed_between,
    failure_in,
    presentable,
)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def an_entry(*messages: Any, status: str = "error", **outputs: Any) -> dict[str, Any]:
    return {"outputs": outputs, "status": {"status_str": status, "messages": list(messages)}}


def an_error(kind: str, message: str) -> list[Any]:
    details = {"node_id": "3", "node_type": "KSampler", "timestamp": 2_500}
    return ["execution_error", details | {"exception_type": kind, "exception_message": message}]


def error_of(found: object) -> JobError:
    assert isinstance(found, AttemptEnd)
    assert found.error
    return found.error


START = ["execution_start", {"timestamp": 1_000}]


def test_an_interrupt_is_told_from_an_error_by_the_last_message() -> None:
    interrupted = an_entry(START, ["execution_interrupted", {"node_id": "2"}])

    assert failure_in(interrupted) == AttemptEnd(outcome=Outcome.CANCELED)


def test_an_error_names_the_graph_node_and_hides_the_host() -> None:
    path = "cannot identify image file '/srv/comfyui/8188/input/broken.png'\nmore lines"
    error = error_of(failure_in(an_entry(START, an_error("PIL.UnidentifiedImageError", path))))

    assert error.message == "cannot identify image file 'broken.png'"
    assert (error.graph_node, error.graph_node_class) == ("3", "KSampler")


def test_success_is_no_failure() -> None:
    assert failure_in(an_entry(status="success", **{"9": {"images": []}})) is None


@pytest.mark.parametrize(
    ("kind", "message", "cause"),
    [
        ("torch.OutOfMemoryError", "Allocation on device", Cause.OUT_OF_MEMORY),
        ("torch.cuda.OutOfMemoryError", "", Cause.OUT_OF_MEMORY),
        ("RuntimeError", "CUDA error: out of memory", Cause.OUT_OF_MEMORY),
        ("RuntimeError", "CUDA error: device-side assert triggered", Cause.NODE_FAULT),
        ("RuntimeError", "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR", Cause.NODE_FAULT),
        ("torch.AcceleratorError", "unspecified launch failure", Cause.NODE_FAULT),
        ("OSError", "[Errno 28] No space left on device: 'x.png'", Cause.NODE_FAULT),
        (
            "RuntimeError",
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 4398046511104 bytes.",
            Cause.OUT_OF_MEMORY,
        ),
        ("numpy._core._exceptions._ArrayMemoryError", "Unable to allocate", Cause.OUT_OF_MEMORY),
        ("MemoryError", "", Cause.OUT_OF_MEMORY),
        ("ValueError", "can't allocate memory, says the prompt", Cause.WORKFLOW),
        ("FileNotFoundError", "[Errno 2] No such file", Cause.WORKFLOW),
        ("ValueError", "out of memory, says the prompt", Cause.WORKFLOW),
        ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied", Cause.WORKFLOW),
    ],
)
def test_a_cause_follows_from_type_and_message(kind: str, message: str, cause: Cause) -> None:
    assert cause_of(kind, message)[0] is cause


def test_execution_time_is_between_the_first_and_the_last_message() -> None:
    assert executed_between(an_entry(START, an_error("ValueError", ""))) == (1.0, 1.5)
    assert executed_between({}) == (None, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C:\\Users\\ann\\ComfyUI\\x.png is broken", "x.png is broken"),
        ("\n\n  first\nsecond", "first"),
        ("1/2 of it", "1/2 of it"),
        ("x" * 900, "x" * 500),
    ],
)
def test_a_message_is_one_short_line_without_folders(text: str, shown: str) -> None:
    assert presentable(text) == shown


@given(st.dictionaries(st.sampled_from(["status", "outputs", "meta"]), ANY_JSON))
def test_whatever_a_server_answers_it_is_read(entry: dict[str, Any]) -> None:
    failure_in(entry)
    executed_between(entry)


@given(st.lists(ANY_JSON, max_size=3))
def test_whatever_the_messages_are_there_is_a_result(messages: list[Any]) -> None:
    assert failure_in(an_entry(*messages))
    executed_between(an_entry(*messages))

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest

from contracts.agent import AttemptProgressed, RunAttempt
from contracts.errors import FieldError, InvalidError, UnavailableError, from_wire
from contracts.message import Signal
from contracts.messages import MESSAGES
from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.job_events import JobQueued
from contracts.scheduler.job_requests import CancelJob
from contracts.scheduler.jobs import JobStatus, Progress
from contracts.values import new_id


def test_a_subject_that_breaks_the_grammar_fails_at_import() -> None:
    with pytest.raises(TypeError, match="breaks the subject grammar"):

        class JobDone(Signal):  # pyright: ignore[reportUnusedClass]  (defining it is the test)
            subject: ClassVar[str] = "jobs/done"


def test_a_placeholder_that_is_no_field_fails_at_import() -> None:
    with pytest.raises(TypeError, match="not fields"):

        class JobSeen(Signal):  # pyright: ignore[reportUnusedClass]  (defining it is the test)
            subject: ClassVar[str] = "signal.job.seen.v1.{job_id}"


def test_subscribers_listen_to_the_pattern_or_to_one_key() -> None:
    assert RunAttempt.pattern() == "command.node.run_attempt.v1.*"
    assert RunAttempt.pattern(node_id="n1") == "command.node.run_attempt.v1.n1"


def test_a_request_knows_its_owner_and_its_answer() -> None:
    assert (CancelJob.owner(), CancelJob.answer().__name__) == ("scheduler", "JobView")


def test_keys_that_are_excluded_travel_in_the_subject_only() -> None:
    signal = AttemptProgressed(
        node_id=new_id(), owner_id=new_id(), job_id=new_id(), progress=Progress(fraction=0.5)
    )
    assert str(signal.owner_id).encode() not in signal.encode()
    assert AttemptProgressed.decode(signal.address(), signal.encode()) == signal


def test_a_message_whose_subject_names_another_node_is_refused() -> None:
    claim = ClaimNode(agent_id=new_id(), node_id=new_id())
    assert ClaimNode.decode(claim.address(), claim.encode()) == claim
    other = claim.model_copy(update={"node_id": new_id()})
    with pytest.raises(InvalidError, match="other keys"):
        ClaimNode.decode(other.address(), claim.encode())


def test_every_message_between_an_agent_and_the_owners_of_its_work_names_the_node_first() -> None:
    orders = "command.node."
    spoken = [m for m in MESSAGES if "node-agent" in m.sent_by or m.subject.startswith(orders)]

    assert {ClaimNode, RunAttempt, AttemptProgressed} <= set(spoken)
    assert [m.__name__ for m in spoken if m.keys()[:1] != ("node_id",)] == []


def test_an_event_is_a_cloudevent_with_an_id_that_repeats() -> None:
    fact = JobQueued(
        job_id=UUID(int=7),
        owner_id=UUID(int=8),
        status=JobStatus.QUEUED,
        workflow="resize@1",
        version=1,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert fact.event_id() == f"{UUID(int=7)}.1"
    assert fact.event_type() == "job.queued"
    assert b'"specversion":"1.0"' in fact.encode()
    assert JobQueued.decode(fact.address(), fact.encode()) == fact


def test_errors_survive_the_wire_and_an_unknown_kind_is_unavailable() -> None:
    wrong = FieldError(path="inputs.steps", code="too_big", message="at most 150")
    error = InvalidError("no", code="bad_inputs", errors=[wrong])
    same = from_wire(error.kind, error.body())
    assert (type(same), same.code, same.errors) == (InvalidError, "bad_inputs", [wrong])
    assert isinstance(from_wire("new_kind", error.body()), UnavailableError)


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert ids == sorted(ids)
    assert {id_.version for id_ in ids} == {7}

"""A delivery is tried for a day, with pauses that grow."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from webhooks.domain.records import Answer, Claimed
from webhooks.domain.schedule import JITTER, PAUSES_SECONDS, Verdict, after_failure, next_attempt

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = timedelta(days=5)


def sent(tries: int = 1, event_type: str = "job.completed") -> Claimed:
    ids = uuid4(), uuid4(), uuid4()
    return Claimed(*ids, "https://a.example", event_type, "{}", None, NOW, tries)


def verdict(claimed: Claimed, answer: Answer, failing_since: datetime | None = None) -> Verdict:
    return after_failure(claimed, answer, failing_since, NOW, patience=PATIENCE, jitter=0)


@given(st.lists(st.floats(0, 1), min_size=20, max_size=20))
def test_the_attempts_of_a_delivery_cover_a_day_and_then_end(jitters: list[float]) -> None:
    now, attempts = NOW, 1
    for jitter in jitters:
        due = next_attempt(attempts, NOW, now, jitter)
        if due is None:
            break
        pause = PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS)) - 1]
        assert now < due <= now + timedelta(seconds=pause * (1 + JITTER))
        now, attempts = due, attempts + 1
    assert now == NOW + timedelta(days=1)
    assert 8 <= attempts <= 9


def test_an_attempt_that_was_late_does_not_take_the_rest_of_the_day() -> None:
    assert next_attempt(1, NOW, NOW + timedelta(hours=23), 0) is not None
    assert next_attempt(1, NOW, NOW + timedelta(hours=24), 0) is None


def test_410_and_days_of_failures_disable_and_a_test_does_nothing() -> None:
    failed = Answer(500)
    assert verdict(sent(), Answer(410)) == Verdict(None, "gone")
    assert verdict(sent(), failed, NOW - PATIENCE) == Verdict(None, "failing")
    assert verdict(sent(), failed, NOW - PATIENCE / 2).disable is None
    assert verdict(sent(event_type="webhook.test"), Answer(410)) == Verdict(None)
    assert verdict(sent(), Answer(reason="no answer")).due_at == NOW + timedelta(seconds=5)

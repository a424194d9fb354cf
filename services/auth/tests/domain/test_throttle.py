from hypothesis import example, given
from hypothesis import strategies as st

from auth.domain.throttle import (
    FORGET_SECONDS,
    FREE_ATTEMPTS,
    MAX_ACCOUNTS,
    MAX_WAIT_SECONDS,
    Throttle,
)


def exhausted(account: str = "a@example.com", now: float = 0.0) -> Throttle:
    throttle = Throttle()
    for _ in range(FREE_ATTEMPTS):
        assert throttle.charge(account, now) == 0
    return throttle


def test_the_free_attempts_may_come_at_once_and_the_next_one_waits() -> None:
    throttle = exhausted()

    assert throttle.charge("a@example.com", 0.0) == 1.0
    assert throttle.charge("a@example.com", 1.0) == 0
    assert throttle.charge("a@example.com", 1.0) == 2.0


def test_a_refused_attempt_does_not_prolong_the_wait() -> None:
    throttle = exhausted()

    waits = [throttle.charge("a@example.com", now) for now in (0.25, 0.5, 0.75)]

    assert waits == [0.75, 0.5, 0.25]


def test_other_accounts_do_not_wait() -> None:
    assert exhausted().charge("b@example.com", 0.0) == 0


def test_a_right_password_clears_the_account() -> None:
    throttle = exhausted()

    throttle.clear("a@example.com")

    assert throttle.charge("a@example.com", 0.0) == 0


def test_an_account_left_alone_is_forgotten() -> None:
    throttle = exhausted()

    assert throttle.charge("a@example.com", FORGET_SECONDS + 1) == 0
    assert throttle.charge("a@example.com", FORGET_SECONDS + 1) == 0


def test_a_flood_of_names_does_not_grow_the_memory() -> None:
    throttle = Throttle()

    for number in range(MAX_ACCOUNTS + 100):
        throttle.charge(f"{number}@example.com", 0.0)

    assert len(throttle._records) == MAX_ACCOUNTS  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  the bound is the point


@example([*[0.0] * 10, 1.0, 2.0, 4.0, 8.0, 16.0, 165.02998665686525, 0.0])
@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_nobody_ever_waits_longer_than_a_minute(pauses: list[float]) -> None:
    throttle, now = Throttle(), 0.0

    for pause in pauses:
        now += pause
        assert 0 <= throttle.charge("a@example.com", now) <= MAX_WAIT_SECONDS

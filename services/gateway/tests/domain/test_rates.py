from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http.rates import MOST_DEBT, Rates


def test_a_burst_is_let_through_and_then_so_many_a_second() -> None:
    rates = Rates(per_second=2, burst=3)

    assert [rates.wait_seconds("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait_seconds("b", 0.0) == 0
    assert rates.wait_seconds("a", 0.5) == 0
    assert rates.wait_seconds("a", 0.5) > 0


def test_a_rate_of_zero_is_no_limit() -> None:
    rates = Rates(per_second=0, burst=1)

    assert not any(rates.wait_seconds("a", 0.0) for _ in range(100))


def test_memory_is_bounded() -> None:
    rates = Rates(per_second=1, burst=1, most=2)
    assert [rates.wait_seconds(key, 0.0) for key in "abc"] == [0, 0, 0]
    assert rates.wait_seconds("c", 0.0) > 0
    assert rates.wait_seconds("a", 0.0) == 0


@given(st.lists(st.floats(0, 10), max_size=100))
def test_never_more_than_the_burst_and_the_rate_allow(times: list[float]) -> None:
    rates = Rates(per_second=5, burst=10)
    let_through = sum(rates.wait_seconds("a", at) == 0 for at in sorted(times))

    assert let_through <= 10 + 5 * max(times, default=0) + 1e-6


@settings(max_examples=10)
@given(
    st.lists(st.tuples(st.floats(0, 120), st.booleans(), st.integers(1, 60)), max_size=200),
    st.sampled_from([(0.5, 30), (2.0, 20), (50.0, 200)]),
)
def test_two_replicas_that_tell_each_other_keep_the_limit_of_a_minute(
    asked: list[tuple[float, bool, int]], limit: tuple[float, int]
) -> None:
    per_second, burst = limit
    replicas = Rates(per_second, burst), Rates(per_second, burst)
    allowed_at = list[float]()
    told_at = 0.0
    crowd = [(float(second) / 2, bool(second % 2), 120) for second in range(120)]
    for at, which, count in sorted([*asked, *crowd]):
        if at - told_at >= 1:
            told_at = at
            tell_each_other(*replicas, at)
        for _ in range(count):
            if not replicas[which].wait_seconds("a", at):
                allowed_at.append(at)

    most = burst + 60 * per_second
    for begin in allowed_at:
        within = sum(begin <= at < begin + 60 for at in allowed_at)
        assert within <= 1.1 * most


def tell_each_other(one: Rates, other: Rates, now: float) -> None:
    spent = one.take_spent(100), other.take_spent(100)
    for rates, theirs in ((one, spent[1]), (other, spent[0])):
        for key, count in theirs.items():
            rates.spend(key, count, now)


def test_a_debt_is_paid_back_and_bounded() -> None:
    rates = Rates(per_second=1, burst=2)
    rates.spend("a", 10**9, 0.0)

    assert rates.wait_seconds("a", 0.0) == 1 + MOST_DEBT * 2
    assert rates.wait_seconds("a", 1.0 + MOST_DEBT * 2) == 0


def test_only_what_was_let_through_is_told_and_only_once() -> None:
    rates = Rates(per_second=1, burst=2)
    for key in "aaab":
        rates.wait_seconds(key, 0.0)

    assert rates.take_spent(1) == {"a": 2}
    assert rates.take_spent(1) == {}

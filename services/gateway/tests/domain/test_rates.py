from hypothesis import given
from hypothesis import strategies as st

from gateway.http.rates import Rates


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

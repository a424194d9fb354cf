from gateway.http.overload import MOST_SHARE, Overload


def lagging(*seconds: float) -> Overload:
    overload = Overload(most_requests=10)
    for lag in seconds:
        overload.note_lag(lag)
    return overload


def refused(overload: Overload, count: int = 1_000) -> int:
    return sum(overload.refuses() for _ in range(count))


def test_a_loop_in_time_and_one_long_pause_refuse_nobody() -> None:
    assert refused(lagging(0.1, 0.2)) == 0
    assert refused(lagging(0.0, 30.0)) == 0
    assert refused(lagging(30.0, 0.0)) == 0


def test_the_more_it_lags_the_more_is_refused_but_never_everything() -> None:
    some, many = refused(lagging(0.8, 0.9)), refused(lagging(30.0, 30.0))

    assert 0 < some < many <= 1_000 * MOST_SHARE


def test_it_recovers_once_the_loop_is_in_time_again() -> None:
    overload = lagging(5.0, 5.0)
    overload.note_lag(0.0)

    assert refused(overload) == 0


def test_as_many_requests_as_may_wait_for_an_answer_are_let_through() -> None:
    overload = Overload(most_requests=2)
    overload.requests = 2
    assert overload.refuses()
    overload.requests = 1
    assert not overload.refuses()

from runtime.supervision.restarting_child import RestartDelay


def test_the_first_restart_is_at_once_and_waits_double_up_to_half_a_minute() -> None:
    delay = RestartDelay()
    waits = [delay.after(ready_seconds=0) for _ in range(10)]
    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_child_that_worked_for_a_while_is_restarted_at_once() -> None:
    delay = RestartDelay(deaths_in_a_row=8)
    assert delay.after(ready_seconds=11) == 0


def test_ten_thousand_deaths_overflow_nothing() -> None:
    assert RestartDelay(deaths_in_a_row=10_000).after(ready_seconds=0) == 30

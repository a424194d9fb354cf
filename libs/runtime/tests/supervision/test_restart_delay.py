from runtime.supervision.restarting_child import RestartDelay


def test_waits_double_up_to_half_a_minute() -> None:
    delay = RestartDelay()
    waits = [delay.after(lived_seconds=0) for _ in range(9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_minute_of_life_makes_up_for_earlier_deaths() -> None:
    delay = RestartDelay(deaths_in_a_row=8)
    assert delay.after(lived_seconds=61) == 0.5


def test_ten_thousand_deaths_overflow_nothing() -> None:
    assert RestartDelay(deaths_in_a_row=10_000).after(lived_seconds=0) == 30

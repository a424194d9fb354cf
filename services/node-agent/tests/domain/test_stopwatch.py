from node_agent.domain.stopwatch import Stopwatch


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_runs_from_the_first_begin_to_the_first_stop() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.stop()
    assert watch.seconds is None, "nothing had begun"
    watch.begin()
    clock.now += 2
    watch.begin()
    assert watch.seconds == 2
    watch.stop()
    clock.now += 5
    watch.stop()

    assert watch.seconds == 2


def test_what_was_seen_whole_is_not_corrected_by_another_clock() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.begin()
    clock.now += 2
    watch.stop()
    watch.correct(3_602.0)

    assert watch.seconds == 2


def test_an_execution_that_was_seen_late_or_never_has_the_time_of_its_server() -> None:
    late, unseen = Stopwatch(Clock()), Stopwatch(Clock())
    late.begin(is_late=True)
    late.stop()
    for watch in (late, unseen):
        watch.correct(None)
        watch.correct(7.5)

    assert (late.seconds, unseen.seconds) == (7.5, 7.5)

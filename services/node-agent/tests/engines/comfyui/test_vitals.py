import pytest

from contracts.scheduler.nodes import Device
from node_agent.engines.comfyui.probe import free_on_largest
from node_agent.engines.comfyui.vitals import BusyFraction, QueueView, Vitals


def test_a_prompt_that_runs_without_starting_a_graph_node_means_a_dead_worker() -> None:
    vitals, queue = Vitals(dead_after_seconds=100), QueueView(running=("a",))
    for now in (0, 50, 99):
        vitals.saw(queue, now, has_started=False)
        assert not vitals.is_dead
    vitals.saw(queue, 100, has_started=False)
    assert vitals.is_dead

    vitals.saw(queue, 101, has_started=True)
    assert vitals.is_dead, "only a restart revives it"
    vitals.saw(QueueView(), 102, has_started=False)
    assert not vitals.is_dead


def test_prompts_that_wait_while_none_runs_tell_it_sooner() -> None:
    vitals, queue = Vitals(dead_after_seconds=100), QueueView(pending=("a", "b"))
    vitals.saw(queue, 0, has_started=False)
    vitals.saw(queue, 10, has_started=False)

    assert vitals.is_dead


def test_another_prompt_in_front_is_a_sign_of_life() -> None:
    vitals = Vitals(dead_after_seconds=100)
    vitals.saw(QueueView(running=("a",)), 0, has_started=False)
    vitals.saw(QueueView(running=("b",)), 99, has_started=False)
    vitals.saw(QueueView(running=("b",)), 150, has_started=False)

    assert not vitals.is_dead


def test_the_busy_fraction_follows_the_last_half_minute() -> None:
    busy = BusyFraction()
    assert busy.value is None
    for second in range(300):
        busy.saw(second, is_busy=second % 4 == 0)
    assert busy.value == pytest.approx(0.25, abs=0.05)
    for second in range(300, 400):
        busy.saw(second, is_busy=True)
    assert busy.value == pytest.approx(1.0, abs=0.05)


def test_the_free_memory_is_that_of_the_largest_device() -> None:
    small = Device(name="a", vram_total_mb=8_000, vram_free_mb=7_900)
    large = Device(name="b", vram_total_mb=24_000, vram_free_mb=3_000)
    assert free_on_largest([small, large]) == 3_000
    assert free_on_largest([]) is None

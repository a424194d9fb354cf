"""All that fails in simulations beside the messages, with the chance of each at each step.

A fault lasts for a while and ends by itself, so one of them alone can be followed by calm.
"""

from collections.abc import Callable

from contracts.message import Accepted

from .simulated_agent import SimulatedAgent
from .simulated_world import SimulatedWorld

Fault = Callable[[SimulatedWorld], None]
REVIVAL = 0.05


def an_agent_dies(world: SimulatedWorld) -> None:
    an_agent(world).crash()


def an_agent_stands_still(world: SimulatedWorld) -> None:
    """Let its messages wait; it comes back with its memory, and reads them."""
    an_agent(world).stands_still_until = world.steady + world.random.choice([2.0, 6.0, 12.0, 45.0])


def an_engine_restarts(world: SimulatedWorld) -> None:
    world.random.choice(list(world.engines.values())).restart()


def a_server_is_replaced(world: SimulatedWorld) -> None:
    world.random.choice(list(world.engines.values())).paused_seconds = 10.0


def a_node_takes_no_orders(world: SimulatedWorld) -> None:
    world.deaf_until[world.random.choice(list(world.engines))] = world.steady + 15


def a_person_uses_an_engine(world: SimulatedWorld) -> None:
    world.random.choice(list(world.engines.values())).post_foreign()


def the_leader_stands_still(world: SimulatedWorld) -> None:
    world.steady += world.random.uniform(5, 20)


def another_leader_takes_over(world: SimulatedWorld) -> None:
    """Let a new leader begin while the old one does not know yet that its term is over."""
    world.take_over()


def no_message_arrives(world: SimulatedWorld) -> None:
    world.silent_until = world.steady + world.random.choice([1.0, 5.0, 20.0])


def the_clock_jumps(world: SimulatedWorld) -> None:
    world.wall_jump = world.random.choice([-3_600.0, 0.0, 3_600.0])


FAULTS: dict[Fault, float] = {
    an_agent_dies: 0.02,
    an_agent_stands_still: 0.01,
    an_engine_restarts: 0.005,
    a_server_is_replaced: 0.01,
    a_node_takes_no_orders: 0.01,
    a_person_uses_an_engine: 0.005,
    the_leader_stands_still: 0.005,
    another_leader_takes_over: 0.006,
    no_message_arrives: 0.001,
    the_clock_jumps: 0.005,
}


def disturb(world: SimulatedWorld) -> None:
    """Let each fault happen with its chance, and dead agents come back."""
    for fault, chance in FAULTS.items():
        if world.chance(chance):
            fault(world)
    for agent in world.agents:
        if not agent.is_alive and (not world.is_faulty or world.chance(REVIVAL)):
            agent.is_alive = True
            if command := world.announcements.get(agent.node_id):
                world.ask(command, announced)


def announced(answer: object) -> None:
    assert answer == Accepted(), answer


def an_agent(world: SimulatedWorld) -> SimulatedAgent:
    return world.random.choice([agent for agent in world.agents if agent.is_alive] or world.agents)

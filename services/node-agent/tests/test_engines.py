from contracts.scheduler.nodes import ENGINES
from node_agent.app import engines_of
from node_agent.settings import NodeAgentSettings


def test_the_agent_has_every_engine_that_a_new_node_may_name() -> None:
    assert engines_of(NodeAgentSettings.model_construct()).keys() == set(ENGINES)

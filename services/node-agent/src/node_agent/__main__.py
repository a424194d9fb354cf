"""Runs the node agent with settings from the environment."""

from runtime.process.run import main, without_needless_libraries

if __name__ == "__main__":
    without_needless_libraries()  # before the imports that would load them
    from node_agent.app import run
    from node_agent.settings import NodeAgentSettings

    main(run, NodeAgentSettings)

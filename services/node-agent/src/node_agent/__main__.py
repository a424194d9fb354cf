"""Runs the node agent with settings from the environment."""

from node_agent.app import run
from node_agent.settings import NodeAgentSettings
from runtime.process.run import main

if __name__ == "__main__":
    main(run, NodeAgentSettings)

"""Run the workflow registry: settings come from the environment."""

from functools import partial

from runtime.process.run import run
from workflow_registry.app import run as serve
from workflow_registry.settings import RegistrySettings

if __name__ == "__main__":
    run(partial(serve, RegistrySettings()))  # pyright: ignore[reportCallIssue]  from the environment

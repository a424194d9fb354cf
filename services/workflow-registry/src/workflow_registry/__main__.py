"""Runs the workflow registry with settings from the environment."""

from runtime.process.run import main
from workflow_registry.app import run
from workflow_registry.settings import RegistrySettings

if __name__ == "__main__":
    main(run, RegistrySettings)

"""Runs the workflow registry with settings from the environment."""

from runtime.process.run import main, without_needless_libraries

if __name__ == "__main__":
    without_needless_libraries()  # before the imports that would load them
    from workflow_registry.app import run
    from workflow_registry.settings import RegistrySettings

    main(run, RegistrySettings)

"""Runs auth with settings from the environment."""

from auth.app import run
from auth.settings import AuthSettings
from runtime.process.run import main

if __name__ == "__main__":
    main(run, AuthSettings)

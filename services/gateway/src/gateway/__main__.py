"""Runs the gateway with settings from the environment."""

from gateway.app import run
from gateway.settings import GatewaySettings
from runtime.process.run import main

if __name__ == "__main__":
    main(run, GatewaySettings)

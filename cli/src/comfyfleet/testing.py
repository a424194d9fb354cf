"""Runs a whole fleet as processes in a folder of its own, for end-to-end tests and the bench."""

import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from comfyfleet import secrets as secrets_file
from comfyfleet import tcp_ports
from comfyfleet.client.api import FleetClient, Renewal
from comfyfleet.home import Home
from comfyfleet.secrets import FleetSecrets
from comfyfleet.supervision import state
from contracts.services import ServiceName
from runtime.postgres.roles import PACKAGES, role_url
from runtime.supervision.child import python

ADMIN_EMAIL = "admin@comfyfleet.local"
UP_SECONDS = 120
DOWN_SECONDS = 90


@dataclass(frozen=True, slots=True)
class LocalFleet:
    """A fleet that `comfyfleet up` started; its commands run with `environment`."""

    home: Home
    url: str
    environment: Mapping[str, str]

    @property
    def secrets(self) -> FleetSecrets:
        found = secrets_file.load(self.home.secrets)
        if not found:
            raise FileNotFoundError(self.home.secrets)
        return found

    def port(self, name: str) -> int:
        """Return the loopback port of an embedded server, or of a service's health and metrics."""
        return tcp_ports.load(self.home.ports)[name]

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.port('nats')}"

    def database_url(self, service: ServiceName) -> str:
        """Return the URL with which the service itself reaches its database."""
        address = f"postgresql://127.0.0.1:{self.port('postgres')}/postgres"
        return role_url(address, PACKAGES[service], self.secrets.postgres[service])

    def client(self) -> FleetClient:
        """Return a client that is logged in as the admin."""
        client = FleetClient(self.url)
        client.log_in(ADMIN_EMAIL, self.secrets.admin_password)
        return client

    def http(self, *, timeout: httpx.Timeout | float = 60) -> httpx.Client:
        """Return a client of the public API as the admin; it logs in whenever it has to.

        Answers come as they are, also refusals.
        """
        form = {"username": ADMIN_EMAIL, "password": self.secrets.admin_password}

        def log_in() -> str | None:
            answer = httpx.post(f"{self.url}/v1/auth/token", data=form, timeout=timeout)
            if not answer.is_success:
                return None
            token = answer.json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            return token

        client = httpx.Client(base_url=self.url, timeout=timeout, auth=Renewal(log_in))
        return client

    def pid(self, name: str) -> int:
        """Return the process id of a child; raises LookupError while it is down."""
        running = state.load(self.home.state)
        for child in running.children if running else []:
            if child.name == name and child.pid:
                return child.pid
        raise LookupError(name)

    def run(self, *arguments: str, seconds: float = UP_SECONDS) -> str:
        """Run `comfyfleet …` for this fleet and return what it printed; raises if it failed."""
        command = python("-m", "comfyfleet", *arguments)
        done = subprocess.run(
            command,
            env=dict(self.environment),
            timeout=seconds,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def local_fleet(folder: Path, **settings: str) -> Generator[LocalFleet, None, None]:
    """Start a fleet in `folder`, ready to take jobs; stop it in the end.

    `settings` are environment variables. Without COMFYUI_URLS it runs the preview engine.
    """
    chosen = folder.with_name(f"{folder.name}-port.json")  # apart, as `up` prepares the folder
    port = tcp_ports.choose(chosen, ["public"])["public"]
    environment = {
        **os.environ,
        "COMFYFLEET_HOME": str(folder),
        "COMFYFLEET_PORT": str(port),
        "COMFYFLEET_ADMIN_EMAIL": ADMIN_EMAIL,
        **settings,
    }
    fleet = LocalFleet(Home(folder), f"http://127.0.0.1:{port}", environment)
    try:
        fleet.run("up")
        yield fleet
    finally:
        fleet.run("down", seconds=DOWN_SECONDS)

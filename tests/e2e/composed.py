"""docker-compose.yml read as Compose reads it, for running its parts as plain processes."""

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Composition:
    """`secrets` stands for `.env`; `places` says where `nats:4222` and the others are here."""

    services: Mapping[str, Any]
    secrets: Mapping[str, str]
    places: Mapping[str, str]

    def environment(self, service: str) -> dict[str, str]:
        given: dict[str, str] = self.services[service].get("environment", {})
        return {name: self.here(self.filled(value)) for name, value in given.items()}

    def filled(self, value: str) -> str:
        def fill(found: re.Match[str]) -> str:
            name, operator, default = found.groups()
            return self.secrets[name] if operator != "-" else self.secrets.get(name, default)

        return VARIABLE.sub(fill, value)

    def here(self, value: str) -> str:
        for name, place in self.places.items():
            value = value.replace(name, place)
        return value


def composition(secrets: Mapping[str, str], places: Mapping[str, str]) -> Composition:
    text = (ROOT / "docker-compose.yml").read_text()
    return Composition(yaml.safe_load(text)["services"], secrets, places)


def secrets_made() -> dict[str, str]:
    made = subprocess.run(
        [ROOT / "deploy" / "make-secrets"], capture_output=True, text=True, check=True, timeout=20
    )
    return dict(line.split("=", 1) for line in made.stdout.splitlines())


def run(*words: str, environment: dict[str, str]) -> str:
    """Run `comfyfleet …` as its container does."""
    done = subprocess.run(
        [sys.executable, "-m", "comfyfleet", *words],
        env=clean() | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COMFY")}


@contextmanager
def processes(
    commands: Mapping[tuple[str, ...], dict[str, str]], log: Path
) -> Generator[None, None, None]:
    with ExitStack() as stack, log.open("wb") as output:
        for command, environment in commands.items():
            process = subprocess.Popen(
                command, env=clean() | environment, stdout=output, stderr=output
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        yield

"""Run the gateway: `python -m gateway`."""

from functools import partial

from gateway import app
from gateway.settings import Settings
from runtime.process.run import run

run(partial(app.run, Settings()))  # pyright: ignore[reportCallIssue]  # from the environment

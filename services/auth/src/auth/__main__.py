"""Run auth: settings come from the environment."""

from functools import partial

from auth.app import run as serve
from auth.settings import AuthSettings
from runtime.process.run import run

if __name__ == "__main__":
    run(partial(serve, AuthSettings()))  # pyright: ignore[reportCallIssue]  from the environment

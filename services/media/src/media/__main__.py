"""Run media: settings come from the environment."""

from functools import partial

from media.app import run as serve
from media.settings import MediaSettings
from runtime.process.run import run

if __name__ == "__main__":
    run(partial(serve, MediaSettings()))  # pyright: ignore[reportCallIssue]  from the environment

"""Runs media with settings from the environment."""

from media.app import run
from media.settings import MediaSettings
from runtime.process.run import main

if __name__ == "__main__":
    main(run, MediaSettings)

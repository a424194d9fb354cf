"""Run the scheduler: `python -m scheduler`."""

from functools import partial

from runtime.process.run import run
from scheduler import app
from scheduler.settings import Settings

if __name__ == "__main__":
    run(partial(app.run, Settings()))

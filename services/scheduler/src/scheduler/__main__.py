"""Runs the scheduler with settings from the environment."""

from runtime.process.run import main
from scheduler.app import run
from scheduler.settings import SchedulerSettings

if __name__ == "__main__":
    main(run, SchedulerSettings)

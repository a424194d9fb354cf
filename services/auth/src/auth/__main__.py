"""Runs auth with settings from the environment."""

from runtime.process.run import main, without_needless_libraries

if __name__ == "__main__":
    without_needless_libraries()  # before the imports that would load them
    from auth.app import run
    from auth.settings import AuthSettings

    main(run, AuthSettings)

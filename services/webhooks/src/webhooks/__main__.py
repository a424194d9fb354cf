"""Runs webhooks with settings from the environment."""

from runtime.process.run import main, without_needless_libraries

if __name__ == "__main__":
    without_needless_libraries()  # before the imports that would load them
    from webhooks.app import run
    from webhooks.settings import WebhooksSettings

    main(run, WebhooksSettings)

"""Decides which fleet a command talks to, and with which account."""

from comfyfleet import CommandError, secrets
from comfyfleet.client.api import FleetClient
from comfyfleet.home import Home
from comfyfleet.settings import LocalSettings, RemoteSettings
from comfyfleet.supervision import state
from runtime.supervision import lock


def connect() -> FleetClient:
    """Connect to the fleet of COMFYFLEET_URL and COMFYFLEET_API_KEY, else locally as its admin.

    COMFYFLEET_TOKEN, an access token, can stand in place of the API key.
    """
    remote = RemoteSettings()
    if remote.url and not remote.credential:
        raise CommandError("COMFYFLEET_URL is set, so COMFYFLEET_API_KEY must be set as well.")
    if remote.url or remote.credential:
        return FleetClient(remote.url or local_url(), remote.credential)
    client = FleetClient(local_url())
    log_in_locally(client)
    return client


def log_in_locally(client: FleetClient) -> str:
    found = secrets.load(home_of(LocalSettings()).secrets)
    if not found:
        raise CommandError("There is no local fleet yet. `comfyfleet up` makes one.")
    return client.log_in(found.admin_email, found.admin_password)


def local_url() -> str:
    """Return the address of the running local fleet."""
    home = home_of(LocalSettings())
    running = state.load(home.state) if lock.holder(home.lock) is not None else None
    if not running:
        raise CommandError(
            f"No fleet runs in {home.path}. Start one with `comfyfleet up`, or name a running one: "
            "on this machine by its folder (COMFYFLEET_HOME), elsewhere by COMFYFLEET_URL and "
            "COMFYFLEET_API_KEY."
        )
    return running.url


def home_of(settings: LocalSettings) -> Home:
    return Home(settings.home.resolve())

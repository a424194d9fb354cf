"""Which fleet a command talks to, and as whom."""

from comfyfleet import vault
from comfyfleet.client.api import FleetClient
from comfyfleet.home import Home
from comfyfleet.problem import CommandError
from comfyfleet.settings import LocalSettings, RemoteSettings
from comfyfleet.supervise import lock, state


def connect() -> FleetClient:
    """The fleet of COMFYFLEET_URL and COMFYFLEET_TOKEN, else the local one as its admin."""
    remote = RemoteSettings()
    if remote.url and not remote.token:
        raise CommandError("COMFYFLEET_URL is set, so COMFYFLEET_TOKEN must be set as well.")
    if remote.url or remote.token:
        return FleetClient(remote.url or local_url(), remote.token)
    client = FleetClient(local_url())
    log_in_locally(client)
    return client


def log_in_locally(client: FleetClient) -> str:
    found = vault.load(home_of(LocalSettings()).secrets)
    if not found:
        raise CommandError("There is no local fleet yet. `comfyfleet up` makes one.")
    return client.log_in(found.admin_email, found.admin_password)


def local_url() -> str:
    """Where the running local fleet listens."""
    home = home_of(LocalSettings())
    running = state.load(home.state) if lock.holder(home.lock) is not None else None
    if not running:
        raise CommandError(
            "No fleet runs here. Start one with `comfyfleet up`, or name one with "
            "COMFYFLEET_URL and COMFYFLEET_TOKEN."
        )
    return running.url


def home_of(settings: LocalSettings) -> Home:
    return Home(settings.home.resolve())

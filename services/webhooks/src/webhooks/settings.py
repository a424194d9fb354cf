"""Defines the settings of webhooks; `runtime.process.settings` has those of all services."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from runtime.process.settings import DatabaseSettings
from runtime.public_hosts import Network


def as_networks(text: str) -> str:
    for part in filter(None, text.replace(" ", "").split(",")):
        ip_network(part)
    return text


class WebhooksSettings(DatabaseSettings):
    """Settings of webhooks besides the shared ones."""

    seal_secret: SecretStr = Field(
        min_length=16,
        description="Seals the secrets of webhooks at rest, and derives those of owners; with "
        "another secret no stored webhook can be signed.",
    )
    receiver_networks: Annotated[str, AfterValidator(as_networks)] = Field(
        default="",
        description="Networks in which receivers may be although they are not public, separated "
        "by commas: `10.0.0.0/8`.",
    )
    receiver_seconds: float = Field(
        default=15.0, gt=0, le=40, description="Time that a receiver has to answer."
    )
    max_sending: int = Field(
        default=128,
        ge=4,
        le=1_000,
        description="Requests at one time; one user may have an eighth of them, and four to one "
        "host.",
    )
    disable_after_days: float = Field(
        default=5, gt=0, description="Days without a success after which a webhook is disabled."
    )
    keep_deliveries_days: float = Field(
        default=30, ge=4, description="Age at which deliveries are deleted."
    )

    @property
    def allowed_networks(self) -> list[Network]:
        """The networks of `receiver_networks`."""
        texts = self.receiver_networks.replace(" ", "").split(",")
        return [ip_network(text) for text in texts if text]

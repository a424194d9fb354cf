"""Defines the settings of the gateway; `runtime.process.settings` has those of all services."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from runtime.process.settings import FleetSettings


class GatewaySettings(FleetSettings):
    """Settings of the gateway besides the shared ones."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, description="Port to listen on; 0 takes a free one.")
    path_prefix: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9_.~-]+)*$",
        description="Path under which a proxy serves the gateway: `/fleet`.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses and networks whose `X-Forwarded-*` headers count, with commas.",
    )
    public_origins: str = Field(
        default="",
        description="Other origins of the same site that may use the refresh cookie, separated "
        "by commas: `https://app.example.org`.",
    )
    cors_origins: str = Field(
        default="*",
        description="Origins whose pages may call the API with a token, separated by commas; `*`: "
        "all, as a browser adds no token by itself. Those of `public_origins` may in any case.",
    )
    hsts_seconds: int = Field(
        default=0,
        ge=0,
        description="How long browsers shall use HTTPS alone (`Strict-Transport-Security`); 0 "
        "sends no such header.",
    )
    url_secret: SecretStr = Field(min_length=16, description="Signs links to media.")
    idempotency_secret: SecretStr = Field(
        min_length=16, description="Secret for the digests of request bodies."
    )
    max_body_bytes: int = Field(
        default=1024**2, description="Largest body of a request that is no upload."
    )
    max_upload_bytes: int = Field(default=100 * 1024**2, description="Largest uploaded file.")
    max_uploads: int = Field(
        default=32, ge=1, description="Uploads at one time; one user may have a quarter."
    )
    max_downloads: int = Field(
        default=200,
        ge=1,
        description="Downloads at one time. A user, and all links to the media of one owner, may "
        "have a quarter of them, one address half, one link a sixteenth.",
    )
    min_bytes_per_second: float = Field(
        default=16 * 1024,
        gt=0,
        description="A client that takes or sends bytes more slowly is cut off after 20 s.",
    )
    upload_seconds: float = Field(default=600.0, description="Longest one upload may take.")
    max_zip_downloads: int = Field(
        default=8, ge=1, description="ZIP downloads at one time; one user may have a quarter."
    )
    max_zip_bytes: int = Field(default=8 * 1024**3, description="Media in one ZIP download.")
    result_metadata: Literal["permitted", "keep", "strip"] = Field(
        default="permitted",
        description="Whether results keep the prompt and graph that ComfyUI writes into them; "
        "`permitted`: if their owner may read graphs. A result that cannot be stripped, such as "
        "one over 256 MiB, is withheld from readers without `graphs:read`.",
    )
    s3_ca_file: Path | None = Field(
        default=None, description="PEM file of the private authority of the store's certificate."
    )
    rate_per_second: float = Field(default=50.0, description="Requests per user; 0 is unlimited.")
    rate_burst: int = Field(default=200, ge=1, description="Requests a user may make at once.")
    key_rate_per_second: float = Field(
        default=25.0,
        description="Requests per API key, which count as its user's too; 0 is unlimited.",
    )
    key_rate_burst: int = Field(default=100, ge=1, description="Requests of a key at once.")
    address_rate_per_second: float = Field(
        default=500.0, description="Requests per address; 0 is unlimited."
    )
    address_rate_burst: int = Field(
        default=2_000, ge=1, description="Requests from one address at once."
    )
    logins_per_minute: float = Field(
        default=30.0, description="Login attempts per address; 0 is unlimited."
    )
    max_requests: int = Field(
        default=2_000,
        ge=1,
        description="Requests at one time that have no answer yet; more get 503 at once.",
    )
    max_streams: int = Field(default=10_000, ge=1, description="Open event streams in all.")
    max_streams_per_user: int = Field(default=100, ge=1, description="Open streams of one user.")
    ring_size: int = Field(
        default=5_000,
        ge=1,
        description="Most events remembered for resuming, in at most 4 MiB; older ones are read "
        "from NATS.",
    )
    version_cache: int = Field(default=256, ge=1, description="Workflow versions kept parsed.")

    @property
    def trusted_origins(self) -> frozenset[str]:
        """The origins of `public_origins`."""
        return origins(self.public_origins)

    @property
    def calling_origins(self) -> frozenset[str]:
        """The origins of `cors_origins`."""
        return origins(self.cors_origins)


def origins(text: str) -> frozenset[str]:
    return frozenset(origin.strip() for origin in text.split(",")) - {""}

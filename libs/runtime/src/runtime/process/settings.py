"""Reads settings that services share from the environment, as `COMFYFLEET_*`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class FleetSettings(BaseSettings):
    """Settings of every process of the fleet."""

    model_config = SettingsConfigDict(env_prefix="COMFYFLEET_", extra="ignore")

    nats_url: str = Field(default="nats://127.0.0.1:4222", description="URL of NATS.")
    nats_password: SecretStr = Field(
        default=SecretStr(""),
        description="Password of the NATS user that has the name of the service.",
    )
    ops_host: str = Field(
        default="127.0.0.1", description="Address on which health and metrics are served."
    )
    ops_port: int = Field(default=0, description="Port of health and metrics; 0 serves none.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="JSON lines, or text for a console."
    )
    trace_ratio: float = Field(
        default=0.01, ge=0, le=1, description="Fraction of traces to record."
    )
    trace_file: Path | None = Field(default=None, description="Append spans here, as JSON lines.")
    otlp_endpoint: str | None = Field(
        default=None, description="Send spans to this OTLP collector."
    )


class GrantSettings(FleetSettings):
    """Settings of the services that sign or verify the grants of attempts."""

    grant_secret: SecretStr = Field(
        min_length=16,
        description="Secret of the grants of attempts: the scheduler signs, media verifies.",
    )


class DatabaseSettings(FleetSettings):
    """Settings of a service that keeps state."""

    database_url: SecretStr = Field(
        default=SecretStr("postgresql://127.0.0.1/comfyfleet"),
        description="PostgreSQL URL; the schema of its role is its search_path.",
    )
    database_pool: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Largest number of connections for requests; the outbox has one more.",
    )

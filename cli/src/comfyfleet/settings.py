"""Settings of the local fleet and of the fleet to talk to, read from the environment."""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.field_errors import said


class LocalSettings(BaseSettings):
    """The fleet that `comfyfleet up` runs on this machine."""

    model_config = SettingsConfigDict(env_prefix="COMFYFLEET_", extra="ignore")

    home: Path = Field(default=Path("var"), description="Data, secrets and logs; kept over stops.")
    host: str = Field(default="127.0.0.1", description="Address on which the gateway listens.")
    port: int = Field(default=8080, ge=1, le=65_535, description="Port of the gateway.")
    admin_email: str | None = Field(
        default=None, description="Address of the first account; admin@comfyfleet.local by default."
    )
    admin_password: str | None = Field(
        default=None,
        description="Password of the first account; one is made, shown once and kept if unset.",
    )
    workflows_dir: Path | None = Field(default=None, description="Folder of workflows to serve.")
    comfyui_command: str = Field(
        default="", description="Command by which the local agent starts ComfyUI."
    )
    comfyui_urls: str = Field(
        default="",
        validation_alias="COMFYUI_URLS",
        description="ComfyUI servers, separated by commas or spaces.",
    )


class RemoteSettings(BaseSettings):
    """The fleet that `run`, `jobs` and `nodes` talk to; the local fleet if nothing is set."""

    model_config = SettingsConfigDict(env_prefix="COMFYFLEET_", extra="ignore")

    url: str | None = Field(
        default=None, description="Address of the fleet, e.g. `https://fleet.example`."
    )
    api_key: str | None = Field(default=None, description="API key for that fleet.")
    token: str | None = Field(
        default=None, description="Access token for that fleet, in place of an API key."
    )

    @property
    def credential(self) -> str | None:
        return self.api_key or self.token


def wrong_setting(error: ValidationError) -> str:
    """Name the environment variable instead of the model's field."""
    lines = [
        f"{variable(str(item['loc'][0]) if item['loc'] else '')}: {said(item, '').message}"
        for item in error.errors(include_url=False, include_input=False)
    ]
    return "; ".join(lines)


def variable(field: str) -> str:
    return field if field.startswith("COMFY") else f"COMFYFLEET_{field.upper()}"


def password_variable(name: str) -> str:
    """Return the variable in which `migrate` and `nats-config` look for a user's password."""
    return f"COMFYFLEET_PASSWORDS__{name.replace('-', '_').upper()}"

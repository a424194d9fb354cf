"""Defines the settings of media; `runtime.process.settings` has those of all services."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

from runtime.process.settings import DatabaseSettings, GrantSettings


class S3Settings(BaseModel):
    """Address of the S3 store and its bucket, and the credentials."""

    s3_endpoint: str = Field(default="127.0.0.1:9000", description="`host:port` of the S3 store.")
    s3_access_key: str = Field(default="", description="Access key of the S3 store.")
    s3_secret_key: SecretStr = Field(default=SecretStr(""), description="Its secret key.")
    s3_bucket: str = Field(default="comfyfleet", description="The bucket; it must exist.")
    s3_region: str = Field(
        default="us-east-1", description="Its region, for which URLs are signed."
    )
    s3_secure: bool = Field(default=False, description="Speak TLS to the S3 store.")
    s3_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the private authority of the store's certificate.",
    )
    s3_virtual_host: bool | None = Field(
        default=None,
        description="Name the bucket in the host, not in the path; by default on AWS only.",
    )
    s3_public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Origin at which clients outside reach the store. The gateway redirects "
        "downloads to it, and large uploads may go there. Without it all bytes pass through the "
        "gateway.",
    )
    s3_threads: int = Field(default=8, ge=1, le=64, description="S3 requests at one time.")


class MediaSettings(S3Settings, GrantSettings, DatabaseSettings):
    """Settings of media besides the shared ones."""

    name_secret: SecretStr = Field(
        min_length=16, description="Makes the names of staged inputs impossible to guess."
    )
    scratch_dir: Path | None = Field(
        default=None,
        description="Folder in which uploads are opened; by default the system's temporary folder.",
    )
    max_upload_bytes: int = Field(
        default=100 * 1024**2, ge=1, description="Largest size of an upload."
    )
    max_pixels: int = Field(
        default=50_000_000,
        ge=1,
        description="Pixels of a picture, all its frames together; of a video, of one frame.",
    )
    max_frames: int = Field(default=500, ge=1, description="Frames of an animation.")
    max_film_frames: int = Field(default=10_000, ge=1, description="Frames of a video.")
    max_seconds: int = Field(default=3_600, ge=1, description="Length of a video or a sound.")
    inspections: int = Field(default=2, ge=1, le=32, description="Uploads opened at one time.")
    inspection_memory_bytes: int = Field(
        default=480 * 1024**2,
        ge=256 * 1024**2,
        description="Address space of the worker that opens a large picture and runs alone.",
    )
    inspection_cpu_seconds: int = Field(
        default=30, ge=1, description="Processor time of one inspection."
    )
    inspection_wall_seconds: float = Field(
        default=50.0, ge=1, description="Time after which an inspection is ended, to be repeated."
    )
    keep_results_days: float = Field(
        default=0, ge=0, description="Age at which results are deleted; 0 is never."
    )
    keep_uploads_days: float = Field(
        default=0, ge=0, description="Age at which uploads are deleted; 0 is never."
    )

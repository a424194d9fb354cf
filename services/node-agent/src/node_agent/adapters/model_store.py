"""Signs URLs of the S3 store that holds the fleet's model files."""

from collections.abc import Callable
from datetime import timedelta

from node_agent.settings import NodeAgentSettings

LIFETIME = timedelta(hours=12)


def signer(settings: NodeAgentSettings) -> Callable[[str, str], str] | None:
    """Return a function of bucket and key; None if the settings name no store."""
    if settings.models_s3_endpoint is None:
        return None
    from minio import Minio  # noqa: PLC0415 - most agents have no such store, and start sooner

    # With the region given, minio signs a URL without a request.
    client = Minio(
        settings.models_s3_endpoint,
        access_key=settings.models_s3_access_key,
        secret_key=settings.models_s3_secret_key.get_secret_value(),
        region=settings.models_s3_region,
        secure=settings.models_s3_secure,
    )
    return lambda bucket, key: client.presigned_get_object(bucket, key, LIFETIME)

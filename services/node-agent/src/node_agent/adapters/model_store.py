"""Signs URLs of the S3 store that holds the fleet's model files."""

from collections.abc import Callable
from datetime import timedelta

LIFETIME = timedelta(hours=12)


def signer(
    endpoint: str, access_key: str, secret_key: str, *, region: str, secure: bool
) -> Callable[[str, str], str]:
    """Return a function from bucket and key to a URL; `endpoint` is `host:port`."""
    from minio import Minio  # noqa: PLC0415 - most agents have no such store, and start sooner

    # With the region given, minio signs a URL without a request.
    client = Minio(
        endpoint, access_key=access_key, secret_key=secret_key, region=region, secure=secure
    )
    return lambda bucket, key: client.presigned_get_object(bucket, key, LIFETIME)

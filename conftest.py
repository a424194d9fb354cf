"""Real servers for every test of the repository."""

from runtime.testing.fixtures import nats, postgres, s3

__all__ = ["nats", "postgres", "s3"]

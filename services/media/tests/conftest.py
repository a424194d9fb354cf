from runtime.testing.fixtures import nats, postgres, s3

__all__ = ["nats", "postgres", "s3"]

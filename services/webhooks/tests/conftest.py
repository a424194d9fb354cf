from runtime.testing.fixtures import nats, postgres

__all__ = ["nats", "postgres"]

"""Real servers for every test of the repository; no test fails because a machine is slow."""

from hypothesis import HealthCheck, settings

from runtime.testing.fixtures import nats, postgres, s3

__all__ = ["nats", "postgres", "s3"]

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

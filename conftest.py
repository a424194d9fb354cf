"""Real servers for every test of the repository; no test fails because a machine is slow."""

from hypothesis import HealthCheck, settings

from runtime.testing.fixtures import nats, postgres, s3
from runtime.testing.memory import use_memory_for_temporary_files

__all__ = ["nats", "postgres", "s3"]

LONGEST_ID = 30


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long values by their argument: one drawn at random differs in each test process."""
    is_long = isinstance(val, str | bytes) and len(val) > LONGEST_ID
    return argname if is_long else None


settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
use_memory_for_temporary_files()

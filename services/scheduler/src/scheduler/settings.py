"""Settings of the scheduler."""

from pydantic import Field

from runtime.process.settings import DatabaseSettings, GrantSettings


class SchedulerSettings(GrantSettings, DatabaseSettings):
    """Settings of the scheduler alone; the base classes hold those that services share."""

    database_pool: int = Field(
        default=6,
        ge=3,
        le=100,
        description="Largest number of connections for queries, and for the leader's loop; "
        "the outbox has one more.",
    )
    max_waiting_jobs: int = Field(
        default=100_000,
        ge=1,
        description="Jobs of all owners that may wait at one time; more are refused.",
    )
    max_running_jobs: int = Field(
        default=100_000,
        ge=1,
        description="Jobs of all owners that may run at one time; others wait.",
    )
    max_waiting_jobs_per_owner: int = Field(
        default=1_000,
        ge=1,
        description="Jobs of one owner that may wait at one time; the limit of an account may be "
        "lower. More are refused.",
    )
    max_running_jobs_per_owner: int = Field(
        default=1_000,
        ge=1,
        description="Jobs of one owner that may run at one time; the limit of an account may be "
        "lower. Others wait.",
    )
    keep_jobs_days: float = Field(
        default=30.0,
        ge=0,
        description="Age after their end at which jobs and their attempts are deleted; 0 is never.",
    )
    keep_usage_days: int = Field(
        default=400,
        ge=0,
        description="Age at which the sums of usage of a day are deleted; 0 is never.",
    )
    node_grace_seconds: float = Field(
        default=30.0,
        ge=1,
        description="How long a silent node keeps its running attempt.",
    )

"""Settings of auth."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from runtime.process.settings import DatabaseSettings


class AuthSettings(DatabaseSettings):
    """Settings of auth besides the shared ones."""

    key_secret: SecretStr = Field(
        min_length=16,
        description="Seals private signing keys at rest and derives refresh tokens; with another "
        "secret, auth makes a new signing key.",
    )
    admin_email: str | None = Field(
        default=None, max_length=320, description="Auth makes this user an administrator at start."
    )
    admin_password: SecretStr | None = Field(
        default=None,
        min_length=8,
        max_length=1_024,
        description="Password of that user; replaced at each start if it differs.",
    )
    refresh_days: float = Field(
        default=30, gt=0, le=366, description="Days after which an unused session ends."
    )
    password_cost: int = Field(
        default=12, ge=4, le=16, description="Cost of bcrypt: 12 is a quarter of a second."
    )
    password_threads: int = Field(
        default=2, ge=1, le=32, description="Passwords checked at one time."
    )

    @model_validator(mode="after")
    def has_both_or_neither(self) -> Self:
        if (self.admin_email is None) != (self.admin_password is None):
            raise ValueError("admin_email and admin_password go together")
        return self

"""Expected errors of auth."""

from contracts.errors import ForbiddenError, NotFoundError, UnavailableError


class BadCredentialsError(ForbiddenError):
    """An unknown user and a wrong password give the same answer."""

    code = "bad_credentials"

    def __init__(self) -> None:
        super().__init__("the user name or the password is wrong")


class BlockedError(ForbiddenError):
    code = "blocked"

    def __init__(self) -> None:
        super().__init__("this user is blocked")


class BadRefreshTokenError(ForbiddenError):
    code = "bad_refresh_token"

    def __init__(self) -> None:
        super().__init__("the refresh token is unknown, used or expired: log in again")


class TooManyAttemptsError(UnavailableError):
    code = "too_many_attempts"

    def __init__(self, retry_in: float) -> None:
        super().__init__("too many attempts on this account", retry_in=retry_in)


class UserNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("there is no such user")

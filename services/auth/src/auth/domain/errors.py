"""Expected errors of auth."""

from contracts.errors import ConflictError, ForbiddenError, NotFoundError, UnavailableError


class BadCredentialsError(ForbiddenError):
    """An unknown user and a wrong password give the same answer."""

    code = "bad_credentials"
    message = "the user name or the password is wrong"


class BlockedError(ForbiddenError):
    code = "blocked"
    message = "this user is blocked"


class BadRefreshTokenError(ForbiddenError):
    code = "bad_refresh_token"
    message = "the refresh token is unknown, used or expired: log in again"


class TooManyAttemptsError(UnavailableError):
    code = "too_many_attempts"
    message = "too many attempts on this account"


class UserNotFoundError(NotFoundError):
    message = "there is no such user"


class PermissionNotHeldError(ForbiddenError):
    code = "permission_not_held"


class EmailTakenError(ConflictError):
    code = "email_taken"
    message = "another user has this e-mail address"


class LastAdministratorError(ConflictError):
    code = "last_administrator"
    message = "nobody else could administer the fleet: make another user an administrator first"


class KeyNotFoundError(NotFoundError):
    message = "there is no such key"


class ScopeNotHeldError(ForbiddenError):
    code = "scope_not_held"


class TooManyKeysError(ConflictError):
    code = "too_many_keys"


class SecretNotRepeatedError(ConflictError):
    """A repeat of a creation would have to show a secret that nobody keeps."""

    code = "idempotency_key_used"
    message = "the key was made, and its secret is shown only once: delete it and make another"


class NotAServiceError(ConflictError):
    code = "not_a_service"
    message = "only the person makes keys of a person; administrators make those of services"


class RoleNotFoundError(NotFoundError):
    message = "there is no such role"


class RoleExistsError(ConflictError):
    code = "role_exists"
    message = "there is a role of this name"


class RoleBuiltInError(ConflictError):
    code = "role_built_in"


class RoleInUseError(ConflictError):
    code = "role_in_use"


class TooManyRolesError(ConflictError):
    code = "too_many_roles"


class WrongPasswordError(ForbiddenError):
    code = "wrong_password"
    message = "the old password is wrong"


class BadLinkError(ForbiddenError):
    """A link that was made up, used, replaced or has expired gives the same answer."""

    code = "bad_link"
    message = "the link is not valid: it was used, replaced or has expired; ask for another one"


class LinkNotRepeatedError(ConflictError):
    code = "idempotency_key_used"
    message = "the link was made, and its text is shown only once: make another one"


class NotAPersonError(ConflictError):
    code = "not_a_person"
    message = "a service account has no password: make a key for it"

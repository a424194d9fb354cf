"""Decides which passwords a user may choose (NIST SP 800-63B, 5.1.1.2).

A password is long enough, is not the user's address or name, and is not among the first million
that somebody would guess. There are no rules about digits and signs: people meet them in the same
few ways.
"""

from collections.abc import Iterator

from contracts.auth.users import SHORTEST_PASSWORD
from contracts.errors import FieldError, InvalidError

FEWEST_GUESSES = 1_000_000
"""Logins are throttled to one a minute, so that a million guesses take two years."""


def refuse_weak(password: str, email: str, name: str, guesses: float, field: str) -> None:
    """Raise Invalid with the reason why a password is refused, at this field of the request."""
    own = set(words_of(email, name))
    reason = None
    if len(password) < SHORTEST_PASSWORD:
        reason = f"expected at least {SHORTEST_PASSWORD} characters"
    elif password.strip().lower() in own:
        reason = "expected another password than your address or name"
    elif guesses < FEWEST_GUESSES:
        reason = "this password is among the first that somebody would try"
    if reason:
        problem = FieldError(path=field, code="weak_password", message=reason)
        raise InvalidError(f"{field}: {reason}", code="weak_password", errors=[problem])


def words_of(email: str, name: str) -> Iterator[str]:
    """Yield the words that a guesser of this user's password would begin with."""
    local, _, domain = email.lower().partition("@")
    yield from (email.lower(), local, domain, name.lower(), *name.lower().split())

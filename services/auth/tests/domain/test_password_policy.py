import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.domain.password_policy import FEWEST_GUESSES, refuse_weak
from contracts.auth.users import SHORTEST_PASSWORD
from contracts.errors import InvalidError

EMAIL, NAME = "ada.lovelace@example.com", "Ada Lovelace"


def reason(password: str, guesses: float = 1e12) -> str:
    with pytest.raises(InvalidError) as raised:
        refuse_weak(password, EMAIL, NAME, guesses, "new_password")
    [problem] = raised.value.errors
    assert (raised.value.code, problem.path) == ("weak_password", "new_password")
    assert len(password) < 3 or password not in problem.message
    return problem.message


@given(st.text(max_size=SHORTEST_PASSWORD - 1))
def test_a_short_password_is_refused_however_hard_it_is(password: str) -> None:
    assert "at least 10 characters" in reason(password)


@pytest.mark.parametrize(
    "password", ["ada.lovelace@example.com", "Ada.Lovelace", "ADA LOVELACE", "example.com"]
)
def test_ones_own_address_and_name_are_refused(password: str) -> None:
    assert "address or name" in reason(password)


@given(st.text(min_size=SHORTEST_PASSWORD), st.floats(0, 1e15))
def test_any_other_password_is_a_matter_of_guesses(password: str, guesses: float) -> None:
    if password.strip().lower() in (EMAIL, NAME.lower()):
        return
    if guesses < FEWEST_GUESSES:
        assert "among the first" in reason(password, guesses)
    else:
        refuse_weak(password, EMAIL, NAME, guesses, "new_password")

import pytest

from auth.adapters.zxcvbn_guesses import ZxcvbnGuesses
from auth.domain.password_policy import FEWEST_GUESSES


@pytest.mark.parametrize(
    "password",
    ["password12", "1234567890", "qwertyuiop", "iloveyou123", "aaaaaaaaaaaa", "Passw0rd2024"],
)
async def test_common_passwords_and_their_variants_are_among_the_first(password: str) -> None:
    assert await ZxcvbnGuesses().count(password, []) < FEWEST_GUESSES


@pytest.mark.parametrize(
    "password", ["correct horse battery", "tin-lemon-7731-quay", "утка-жизнь-44-лимон"]
)
async def test_others_are_not(password: str) -> None:
    assert await ZxcvbnGuesses().count(password, ["ada"]) >= FEWEST_GUESSES


async def test_words_of_the_user_count_as_common() -> None:
    known = await ZxcvbnGuesses().count("zanzibar-company", ["zanzibar-company", ""])
    assert known < FEWEST_GUESSES


async def test_a_very_long_password_is_answered() -> None:
    assert await ZxcvbnGuesses().count("zq7!" * 250, ["w" * 300]) > 0

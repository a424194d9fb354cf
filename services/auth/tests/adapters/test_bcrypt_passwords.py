import asyncio

from auth.adapters.bcrypt_passwords import WAITING_FOR_EACH_THREAD, BcryptPasswords
from contracts.errors import UnavailableError


async def test_a_password_matches_its_hash_and_no_other() -> None:
    with BcryptPasswords.open(cost=4, threads=1) as passwords:
        hashed = await passwords.hash("correct")

        assert await passwords.matches("correct", hashed)
        assert not await passwords.matches("wrong", hashed)


async def test_what_follows_the_72nd_byte_or_a_nul_counts() -> None:
    with BcryptPasswords.open(cost=4, threads=1) as passwords:
        hashed = await passwords.hash("x" * 80)

        assert not await passwords.matches("x" * 81, hashed)
        assert not await passwords.matches("a\x00b", await passwords.hash("a\x00c"))


async def test_nobodys_password_matches_nothing() -> None:
    with BcryptPasswords.open(cost=4, threads=1) as passwords:
        assert not await passwords.matches("nobody's", None)


async def test_one_login_too_many_is_refused_instead_of_queued() -> None:
    with BcryptPasswords.open(cost=4, threads=1) as passwords:
        limit = WAITING_FOR_EACH_THREAD + 1

        checks = [passwords.matches("x", None) for _ in range(limit + 1)]
        results = await asyncio.gather(*checks, return_exceptions=True)

        assert results.count(False) == limit
        assert [type(error) for error in results if error] == [UnavailableError]
        assert not await passwords.matches("x", None)

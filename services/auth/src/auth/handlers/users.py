"""People: found by id, and the administrator that the settings name."""

from dataclasses import replace

from auth.domain.audit import Entry, Fact
from auth.domain.refusals import UserNotFoundError
from auth.domain.roles import ADMIN
from auth.domain.users import User, account_name
from auth.ports import Clock, Passwords, UnitOfWork
from contracts.auth import FindUser, UserView
from contracts.values import new_id


async def find_user(unit_of_work: UnitOfWork, query: FindUser) -> UserView:
    async with unit_of_work() as work:
        user = await work.user(query.user_id)
    if user is None:
        raise UserNotFoundError
    return user.view()


async def ensure_admin(
    unit_of_work: UnitOfWork, passwords: Passwords, clock: Clock, email: str, password: str
) -> None:
    """Make the user of the settings an administrator with the password of the settings.

    This is the operator's way in, and back in: it unblocks, and another password ends every
    session. Without a difference nothing is written.
    """
    now = clock()
    async with unit_of_work() as work:
        await work.alone()
        user = await work.user_by_email(account_name(email))
        if user is None:
            user = User(
                id=new_id(),
                email=account_name(email),
                name="Administrator",
                role=ADMIN,
                password_hash=await passwords.hash(password),
            )
            await work.save_user(user)
            await work.record(Entry(Fact.USER_CREATED, user.id, "settings"), now)
        elif not await passwords.matches(password, user.password_hash):
            changed = replace(
                user,
                role=ADMIN,
                is_blocked=False,
                password_hash=await passwords.hash(password),
                sessions_valid_from=int(now.timestamp()),
            )
            await work.save_user(changed)
            await work.drop_sessions(user.id)
            await work.record(Entry(Fact.PASSWORD_REPLACED, user.id, "settings"), now)
        elif user.role != ADMIN or user.is_blocked:
            await work.save_user(replace(user, role=ADMIN, is_blocked=False))

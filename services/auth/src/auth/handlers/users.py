"""Users: find, list, create, change, erase."""

from uuid import UUID

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import EmailTakenError, UserNotFoundError
from auth.domain.roles import Role
from auth.domain.user_changes import (
    changed_user,
    entries_of,
    refuse_beyond,
    refuse_without_administrator,
    unknown_role,
)
from auth.domain.users import User, account_name
from auth.handlers.me import refuse_weak_password
from auth.ports import Work
from auth.service import Auth
from contracts.auth.users import (
    ChangeUser,
    CreateUser,
    EraseUser,
    FindUser,
    ListUsers,
    UserPage,
    UserView,
)
from contracts.message import Accepted
from runtime.cursor import PLACE, Cursors

CURSORS = Cursors("users", PLACE)
CREATE = "create_user"
"""The operation to which idempotency keys of new users belong."""


async def find_user(auth: Auth, query: FindUser) -> UserView:
    async with auth.unit_of_work() as work:
        user = await work.user(query.user_id)
    if user is None:
        raise UserNotFoundError
    return user.view()


async def list_users(auth: Auth, query: ListUsers) -> UserPage:
    """Return a page of users, newest first."""
    async with auth.unit_of_work() as work:
        found = await work.user_page(query, CURSORS.read(query.cursor))
    items = found[: query.limit]
    last = items[-1] if len(found) > len(items) else None
    cursor = CURSORS.write((last.created_at, last.id)) if last else None
    return UserPage(items=[user.view() for user in items], next_cursor=cursor)


async def create_user(auth: Auth, command: CreateUser) -> UserView:
    """Create the user, or return the one that this command or its idempotency key made."""
    new, actor, now = command.user, command.actor, auth.clock()
    if new.password is not None:
        await refuse_weak_password(auth, new.email, new.name, new.password, "password")
    password_hash = None if new.password is None else await auth.passwords.hash(new.password)
    async with auth.unit_of_work() as work:
        await work.lock()
        if known := await made_before(work, command):
            return known.view()
        role = await existing_role(work, new.role)
        refuse_beyond(actor, role)
        email = account_name(new.email)
        if await work.user_by_email(email):
            raise EmailTakenError
        user = User(
            command.user_id, email, new.name, role, password_hash, now, new.limits, new.kind
        )
        await work.save_user(user)
        await work.remember(actor.user_id, CREATE, command.idempotency, (str(user.id), now))
        entry = AuditEntry(AuditFact.USER_CREATED, user.id, f"role {role.name}", actor.user_id)
        await work.add_entry(entry, now)
    return user.view()


async def made_before(work: Work, command: CreateUser) -> User | None:
    """Return the user of this command if the bus repeats it, or of its idempotency key."""
    if repeated := await work.user(command.user_id):
        return repeated
    made_id = await work.made_by(command.actor.user_id, CREATE, command.idempotency)
    return await work.user(UUID(made_id)) if made_id else None


async def change_user(auth: Auth, command: ChangeUser) -> UserView:
    """Change the user: gateways follow as soon as they read the principal."""
    changes, actor = command.changes, command.actor
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await work.user(command.user_id)
        if user is None:
            raise UserNotFoundError
        keeps_role = changes.role in (None, user.role.name)
        role = user.role if keeps_role else await existing_role(work, changes.role or "")
        changed = changed_user(user, changes, role)
        refuse_beyond(actor, user.role, role)
        refuse_without_administrator(user, changed, await others(work, user))
        if changed != user:
            await work.save_user(changed)
        for entry in entries_of(user, changed, actor.user_id):
            await work.add_entry(entry, auth.clock())
    return changed.view()


async def erase_user(auth: Auth, command: EraseUser) -> Accepted:
    """Erase the person: gateways refuse tokens as soon as they miss the principal."""
    now, actor = auth.clock(), command.actor
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await work.user(command.user_id)
        if user is None:
            if await work.is_erased(command.user_id):
                return Accepted()
            raise UserNotFoundError
        refuse_beyond(actor, user.role)
        refuse_without_administrator(user, None, await others(work, user))
        await work.erase_user(user, now)
        await work.add_entry(AuditEntry(AuditFact.USER_ERASED, user.id, "", actor.user_id), now)
    return Accepted()


async def existing_role(work: Work, name: str) -> Role:
    """Return the role that a field of a request names. Raises InvalidError."""
    role = await work.role(name)
    if role is None:
        raise unknown_role(name)
    return role


async def others(work: Work, user: User) -> int:
    """Return the number of administrators besides this user."""
    return len([one for one in await work.administrators() if one.id != user.id])

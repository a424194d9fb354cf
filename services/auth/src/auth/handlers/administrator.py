"""The administrator that the settings name: the operator's way in, and back in."""

from dataclasses import replace

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.roles import ADMIN, BUILT_IN
from auth.domain.users import User, account_name
from auth.service import Auth
from contracts.values import new_id


async def ensure_administrator(auth: Auth) -> None:
    """Make the user of the settings an administrator with the password of the settings.

    This is the operator's way in, and back in: it unblocks the user, and another password ends
    every session. Nothing is written if nothing differs.
    """
    if auth.administrator is None:
        return
    email, password = account_name(auth.administrator.email), auth.administrator.password
    now, role = auth.clock(), BUILT_IN[ADMIN]
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await work.user_by_email(email)
        if user is None:
            password_hash = await auth.passwords.hash(password)
            user = User(new_id(), email, "Administrator", role, password_hash, now)
            await work.save_user(user)
            await work.add_entry(AuditEntry(AuditFact.USER_CREATED, user.id, "settings"), now)
        elif not await auth.passwords.matches(password, user.password_hash):
            changed = replace(
                user,
                role=role,
                is_blocked=False,
                password_hash=await auth.passwords.hash(password),
                sessions_valid_from=int(now.timestamp()),
            )
            await work.save_user(changed)
            await work.delete_sessions(user.id)
            await work.add_entry(AuditEntry(AuditFact.PASSWORD_REPLACED, user.id, "settings"), now)
        elif user.role != role or user.is_blocked:
            await work.save_user(replace(user, role=role, is_blocked=False))

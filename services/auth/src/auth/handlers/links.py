"""One-time links: an administrator makes one, and its user chooses a password by it."""

from dataclasses import replace
from datetime import timedelta

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import (
    BadLinkError,
    LinkNotRepeatedError,
    NotAPersonError,
    UserNotFoundError,
)
from auth.domain.links import PasswordLink
from auth.domain.user_changes import refuse_beyond
from auth.domain.users import User
from auth.handlers.me import refuse_weak_password
from auth.ports import Work
from auth.service import Auth
from contracts.auth.links import CreateLink, PasswordLinkView, UseLink
from contracts.auth.users import UserKind
from contracts.message import Accepted

CREATE = "create_link"
"""The operation to which idempotency keys of links belong."""


async def create_link(auth: Auth, command: CreateLink) -> PasswordLinkView:
    """Create the link in place of an earlier one of this user.

    Whoever could make one for an administrator could take over the account.
    """
    actor, now, key = command.actor, auth.clock(), command.idempotency
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await work.user(command.user_id)
        if user is None:
            raise UserNotFoundError
        refuse_beyond(actor, user.role)
        if user.kind is not UserKind.PERSON:
            raise NotAPersonError
        known = await work.link(command.digest)
        if known:  # the bus repeats the command
            return known.view()
        if await work.made_by(actor.user_id, CREATE, key):
            raise LinkNotRepeatedError
        expires_at = now + timedelta(seconds=command.lifetime_seconds)
        link = PasswordLink(user.id, command.digest, expires_at)
        await work.save_link(link)
        await work.remember(actor.user_id, CREATE, key, (str(user.id), now))
        entry = AuditEntry(AuditFact.LINK_CREATED, user.id, "", actor.user_id)
        await work.add_entry(entry, now)
    return link.view()


async def use_link(auth: Auth, command: UseLink) -> Accepted:
    """Replace the password, and end all sessions: somebody else may have had the old one."""
    async with auth.unit_of_work() as work:
        found = await link_to_use(auth, work, command)
    if found is None:
        return Accepted()
    _, user = found
    name = command.name or user.name
    await refuse_weak_password(auth, user.email, name, command.password, "password")
    password_hash = await auth.passwords.hash(command.password)
    async with auth.unit_of_work() as work:
        await work.lock()
        if (found := await link_to_use(auth, work, command)) is None:
            return Accepted()
        link, user = found
        now = auth.clock()
        await work.save_link(replace(link, used_by=command.request_id))
        chosen = command.name or user.name
        await work.save_user(replace(user, name=chosen, password_hash=password_hash))
        await work.end_sessions(await work.sessions_of(user.id), now)
        entry = AuditEntry(AuditFact.PASSWORD_REPLACED, user.id, "by a link", user.id)
        await work.add_entry(entry, now)
    auth.throttle.clear(user.email)
    return Accepted()


async def link_to_use(auth: Auth, work: Work, command: UseLink) -> tuple[PasswordLink, User] | None:
    """Return the open link and its user; None if this request has used it, as the bus repeats it.

    Raises BadLinkError, also for the link of a blocked user.
    """
    link = await work.link(command.digest)
    if link and link.used_by == command.request_id:
        return None
    user = await work.user(link.user_id) if link and link.is_open(auth.clock()) else None
    if link is None or user is None or user.is_blocked:
        raise BadLinkError
    return link, user

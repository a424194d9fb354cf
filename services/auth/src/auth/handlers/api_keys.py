"""API keys: create, list, delete, and when they were last used."""

from contextlib import suppress
from uuid import UUID

from auth.domain.api_keys import (
    ApiKey,
    refuse_past,
    refuse_surplus,
    scopes_of,
)
from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import (
    KeyNotFoundError,
    NotAServiceError,
    SecretNotRepeatedError,
    UserNotFoundError,
)
from auth.domain.user_changes import refuse_beyond
from auth.domain.users import User
from auth.ports import Work
from auth.service import Auth
from contracts.access import Actor, Permission
from contracts.auth.keys import (
    ApiKeyPage,
    ApiKeysUsed,
    ApiKeyView,
    CreateApiKey,
    DeleteApiKey,
    ListApiKeys,
)
from contracts.auth.users import UserKind
from contracts.errors import UnavailableError
from contracts.message import Accepted

OPERATION = "create_api_key"
"""The operation to which the idempotency keys of new keys belong."""


async def create_api_key(auth: Auth, command: CreateApiKey) -> ApiKeyView:
    """Create the key; a repeat by the bus gets the key again, and one by the caller Conflict.

    The bus repeats a command with the id that the gateway chose for the key.
    """
    now, new = auth.clock(), command.key
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await managed_user(work, command.actor, command.user_id)
        if user.id != command.actor.user_id and user.kind != UserKind.SERVICE:
            raise NotAServiceError
        keys = await work.api_keys(user.id)
        for known in keys:
            if known.id == command.key_id:
                return known.view()
        if await work.made_by(command.actor.user_id, OPERATION, command.idempotency):
            raise SecretNotRepeatedError
        refuse_surplus(keys)
        refuse_past(new.expires_at, now)
        key = ApiKey(
            id=command.key_id,
            user_id=user.id,
            name=new.name,
            prefix=command.prefix,
            digest=command.digest,
            scopes=scopes_of(new.scopes, user.permissions, command.actor.permissions),
            created_at=now,
            expires_at=new.expires_at,
        )
        await work.add_api_key(key)
        made = str(key.id), now
        await work.remember(command.actor.user_id, OPERATION, command.idempotency, made)
        await work.add_entry(audited(AuditFact.API_KEY_CREATED, key, command.actor), now)
    return key.view()


async def list_api_keys(auth: Auth, query: ListApiKeys) -> ApiKeyPage:
    """List all keys of the user, newest first; they are few enough for one page."""
    async with auth.unit_of_work() as work:
        user = await managed_user(work, query.actor, query.user_id)
        return ApiKeyPage(items=[key.view() for key in await work.api_keys(user.id)])


async def delete_api_key(auth: Auth, command: DeleteApiKey) -> Accepted:
    """Delete the key: gateways refuse it as soon as they read the principal."""
    async with auth.unit_of_work() as work:
        await work.lock()
        user = await managed_user(work, command.actor, command.user_id)
        found = [key for key in await work.api_keys(user.id) if key.id == command.key_id]
        if not found:
            raise KeyNotFoundError
        await work.delete_api_key(found[0])
        entry = audited(AuditFact.API_KEY_DELETED, found[0], command.actor)
        await work.add_entry(entry, auth.clock())
    return Accepted()


async def record_use(auth: Auth, signal: ApiKeysUsed) -> None:
    """Record that these keys were used now; while the database is away, that is lost."""
    with suppress(UnavailableError):
        async with auth.unit_of_work() as work:
            await work.mark_used(signal.key_ids, auth.clock())


def audited(fact: AuditFact, key: ApiKey, actor: Actor) -> AuditEntry:
    detail = f"{key.prefix} {' '.join(key.scopes)}"
    return AuditEntry(fact, key.user_id, detail, actor.user_id)


async def managed_user(work: Work, actor: Actor, user_id: UUID) -> User:
    """Return the user if it is the actor, or the actor may manage users.

    Raises NotFound, and Forbidden for a user who may do more than the actor.
    """
    may_manage = user_id == actor.user_id or actor.may(Permission.USERS_WRITE)
    user = await work.user(user_id) if may_manage else None
    if user is None:
        raise UserNotFoundError
    if user_id != actor.user_id:
        refuse_beyond(actor, user.role)
    return user

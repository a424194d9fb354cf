"""API keys: whose they are, what they may do, and that no secret is shown twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.domain.api_keys import scopes_of
from auth.domain.audit import AuditFact
from auth.domain.errors import (
    KeyNotFoundError,
    NotAServiceError,
    PermissionNotHeldError,
    ScopeNotHeldError,
    SecretNotRepeatedError,
    TooManyKeysError,
    UserNotFoundError,
)
from auth.domain.users import User
from auth.handlers.api_keys import create_api_key, delete_api_key, list_api_keys, record_use
from contracts.access import Actor, IdempotencyKey, Permission, granted
from contracts.auth.keys import (
    MAX_KEYS_PER_USER,
    ApiKeysUsed,
    CreateApiKey,
    DeleteApiKey,
    ListApiKeys,
    NewApiKey,
)
from contracts.auth.users import UserKind
from contracts.errors import ConflictError, InvalidError

from .fakes import NOW, FakeAuth, a_user

SETS = st.frozensets(st.sampled_from(Permission))


def an_actor(user: User, *more: Permission) -> Actor:
    return Actor(user_id=user.id, permissions=frozenset({*user.permissions, *more}))


def creation(user: User, actor: Actor | None = None, **key: Any) -> CreateApiKey:
    idempotency = key.pop("idempotency", None)
    return CreateApiKey(
        actor=actor or an_actor(user),
        key_id=uuid4(),
        user_id=user.id,
        key=NewApiKey.model_validate({"name": "nightly", **key}),
        prefix="cf_abcdef",
        digest="0" * 64,
        idempotency=idempotency,
    )


@given(SETS, SETS, SETS)
def test_no_key_may_do_more_than_its_user_and_its_maker(
    wanted: frozenset[Permission], owned: frozenset[Permission], allowed: frozenset[Permission]
) -> None:
    most = granted(owned) & granted(allowed)
    try:
        found = set(scopes_of(wanted, owned, allowed))
    except ScopeNotHeldError:
        assert granted(wanted) - most
    else:
        assert wanted <= found <= most
    assert set(scopes_of(None, owned, allowed)) == most


async def test_a_key_may_do_by_default_what_its_user_may_do_now() -> None:
    user = a_user()
    auth = FakeAuth(user)
    view = await create_api_key(auth.service, creation(user))

    assert view.scopes == user.permissions
    assert auth.work.facts == [AuditFact.API_KEY_CREATED]
    assert "0" * 64 not in repr(auth.work.entries)
    listed = await list_api_keys(auth.service, ListApiKeys(actor=an_actor(user), user_id=user.id))
    assert listed.items == [view]


async def test_a_scope_that_the_user_does_not_hold_is_refused() -> None:
    user = a_user()
    auth = FakeAuth(user)
    with pytest.raises(ScopeNotHeldError, match="nodes:write"):
        await create_api_key(auth.service, creation(user, scopes=[Permission.NODES_WRITE]))

    assert not auth.work.api_keys_made


async def test_the_bus_repeats_a_creation_without_harm_and_the_caller_gets_a_conflict() -> None:
    user = a_user()
    auth = FakeAuth(user)
    command = creation(user, idempotency=IdempotencyKey(key="k", body_digest="d"))
    view = await create_api_key(auth.service, command)
    assert await create_api_key(auth.service, command) == view

    with pytest.raises(SecretNotRepeatedError):
        await create_api_key(auth.service, command.model_copy(update={"key_id": uuid4()}))
    other = IdempotencyKey(key="k", body_digest="other")
    with pytest.raises(ConflictError) as refused:
        await create_api_key(auth.service, creation(user, idempotency=other))
    assert refused.value.code == "idempotency_key_reused"


async def test_a_user_has_at_most_fifty_keys() -> None:
    user = a_user()
    auth = FakeAuth(user)
    for _ in range(MAX_KEYS_PER_USER):
        await create_api_key(auth.service, creation(user))
    with pytest.raises(TooManyKeysError):
        await create_api_key(auth.service, creation(user))


async def test_a_key_that_is_born_expired_is_refused() -> None:
    user = a_user()
    with pytest.raises(InvalidError, match="later time"):
        await create_api_key(FakeAuth(user).service, creation(user, expires_at=NOW))
    later = NOW + timedelta(seconds=1)
    view = await create_api_key(FakeAuth(user).service, creation(user, expires_at=later))
    assert view.expires_at == later


async def test_nobody_sees_makes_or_deletes_the_keys_of_others() -> None:
    user, thief = a_user(), a_user("eve@example.com")
    auth = FakeAuth(user, thief)
    key_id = (await create_api_key(auth.service, creation(user))).id
    eve = an_actor(thief)
    with pytest.raises(UserNotFoundError):
        await create_api_key(auth.service, creation(user, eve))
    with pytest.raises(UserNotFoundError):
        await list_api_keys(auth.service, ListApiKeys(actor=eve, user_id=user.id))
    for user_id, error in ((user.id, UserNotFoundError), (thief.id, KeyNotFoundError)):
        with pytest.raises(error):
            await delete_api_key(
                auth.service, DeleteApiKey(actor=eve, user_id=user_id, key_id=key_id)
            )
    assert [*auth.work.api_keys_made] == [key_id]


async def test_an_administrator_deletes_keys_of_people_and_makes_none() -> None:
    user, root = a_user(), a_user("root@example.com", role="admin")
    auth = FakeAuth(user, root)
    key_id = (await create_api_key(auth.service, creation(user))).id
    with pytest.raises(NotAServiceError):
        await create_api_key(auth.service, creation(user, an_actor(root)))
    command = DeleteApiKey(actor=an_actor(root), user_id=user.id, key_id=key_id)
    await delete_api_key(auth.service, command)

    assert not auth.work.api_keys_made
    assert auth.work.facts == [AuditFact.API_KEY_CREATED, AuditFact.API_KEY_DELETED]


async def test_an_administrator_makes_keys_of_services_that_do_no_more_than_either() -> None:
    service = a_user("nightly@services", kind=UserKind.SERVICE, password_hash=None)
    root = a_user("root@example.com", role="admin")
    helper = an_actor(a_user("helper@example.com"), Permission.USERS_WRITE)
    auth = FakeAuth(service, root)
    key = await create_api_key(auth.service, creation(service, an_actor(root)))

    assert key.user_id == service.id
    assert key.scopes == service.permissions
    assert auth.work.entries[0].actor_id == root.id
    too_much = creation(service, an_actor(root), scopes=[Permission.NODES_WRITE])
    with pytest.raises(ScopeNotHeldError):
        await create_api_key(auth.service, too_much)
    strong = a_user("strong@services", kind=UserKind.SERVICE, role="admin")
    auth.work.users[strong.id] = strong
    with pytest.raises(PermissionNotHeldError):
        await create_api_key(auth.service, creation(strong, helper))


async def test_the_last_use_is_shown() -> None:
    user = a_user()
    auth = FakeAuth(user)
    key_id = (await create_api_key(auth.service, creation(user))).id
    auth.clock.advance(minutes=5)
    await record_use(auth.service, ApiKeysUsed(key_ids=[key_id, UUID(int=0)]))

    query = ListApiKeys(actor=an_actor(user), user_id=user.id)
    [key] = (await list_api_keys(auth.service, query)).items
    assert key.last_used_at == NOW + timedelta(minutes=5)

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.domain.audit import AuditFact
from auth.domain.errors import LastAdministratorError, PermissionNotHeldError
from auth.domain.roles import BUILT_IN, Role
from auth.domain.user_changes import (
    changed_user,
    entries_of,
    refuse_beyond,
    refuse_without_administrator,
)
from auth.domain.users import User
from contracts.access import Actor, LimitOverrides, Limits, Permission
from contracts.auth.users import UserChanges

from ..fakes import a_user  # noqa: TID252  shared by these tests alone


def change(user: User, wanted: UserChanges) -> User:
    return changed_user(user, wanted, BUILT_IN[wanted.role] if wanted.role else user.role)


permissions = st.frozensets(st.sampled_from(list(Permission)))
overrides = st.builds(
    LimitOverrides,
    max_waiting_jobs=st.none() | st.integers(0, 10),
    storage_bytes=st.none() | st.integers(0, 10),
)
changes = st.builds(
    UserChanges,
    name=st.none() | st.just("Eve"),
    role=st.none() | st.sampled_from(list(BUILT_IN)),
    is_blocked=st.none() | st.booleans(),
    limits=st.none() | overrides,
)


@given(permissions, permissions)
def test_nobody_grants_a_permission_that_they_do_not_hold(
    held: frozenset[Permission], wanted: frozenset[Permission]
) -> None:
    actor = Actor(user_id=uuid4(), permissions=held)
    role = Role("any", wanted)
    if wanted <= held:
        refuse_beyond(actor, role)
    else:
        with pytest.raises(PermissionNotHeldError) as raised:
            refuse_beyond(actor, role)
        assert all(permission in str(raised.value) for permission in wanted - held)


@given(overrides)
def test_limits_of_ones_own_go_before_those_of_everybody(own: LimitOverrides) -> None:
    found = own.over(Limits())
    for name, value in own:
        assert getattr(found, name) == (getattr(Limits(), name) if value is None else value)


@given(changes, st.sampled_from(list(BUILT_IN)), st.booleans(), st.integers(0, 2))
def test_one_administrator_who_can_log_in_always_stays(
    wanted: UserChanges, role: str, is_blocked: bool, others: int
) -> None:
    before = a_user(role=role, is_blocked=is_blocked)
    after = change(before, wanted)
    there_were = before.is_administrator or others
    try:
        refuse_without_administrator(before, after, others)
    except LastAdministratorError:
        assert not others
        assert before.is_administrator
        return
    assert not there_were or after.is_administrator or others


@given(changes)
def test_a_change_is_idempotent_and_each_difference_is_one_fact(wanted: UserChanges) -> None:
    before = a_user()
    after = change(before, wanted)

    assert change(after, wanted) == after
    assert list(entries_of(after, after, uuid4())) == []
    assert (list(entries_of(before, after, uuid4())) == []) == (before == after)


def test_the_audit_log_says_who_did_what_to_whom_without_names() -> None:
    before, actor_id = a_user(), uuid4()
    wanted = UserChanges(
        name="Grace", role="admin", is_blocked=True, limits=LimitOverrides(max_running_jobs=2)
    )
    entries = list(entries_of(before, change(before, wanted), actor_id))

    assert {(entry.user_id, entry.actor_id) for entry in entries} == {(before.id, actor_id)}
    assert [(entry.fact, entry.detail) for entry in entries] == [
        (AuditFact.USER_RENAMED, ""),
        (AuditFact.ROLE_CHANGED, "user to admin"),
        (AuditFact.LIMITS_CHANGED, '{"max_running_jobs":2}'),
        (AuditFact.USER_BLOCKED, ""),
    ]

"""Decides who may change a user, what a change does, and which facts the audit log gets of it."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import LastAdministratorError, PermissionNotHeldError
from auth.domain.roles import Role
from auth.domain.users import User
from contracts.access import Actor, Permission
from contracts.auth.users import UserChanges
from contracts.errors import FieldError, InvalidError


def refuse_beyond(actor: Actor, *roles: Role) -> None:
    """Raise Forbidden unless the actor may do all that these roles allow.

    Otherwise someone could give it to a friend, or take over the account of one who has it.
    """
    if (
        missing := frozenset[Permission]().union(*(r.permissions for r in roles))
        - actor.permissions
    ):
        names = ", ".join(sorted(missing))
        raise PermissionNotHeldError(f"this needs permissions that you do not have: {names}")
    if not all(actor.reach.covers(role.reach) for role in roles):
        raise PermissionNotHeldError("this needs workflows or model files that you may not use")


def unknown_role(name: str) -> InvalidError:
    problem = FieldError(path="role", code="not_a_choice", message="there is no such role")
    return InvalidError(f"role: there is no role {name}", code="unknown_role", errors=[problem])


def changed_user(user: User, changes: UserChanges, role: Role) -> User:
    """Return the user with this role after the changes; null ones change nothing."""
    return replace(
        user,
        name=user.name if changes.name is None else changes.name,
        role=role,
        is_blocked=user.is_blocked if changes.is_blocked is None else changes.is_blocked,
        own_limits=user.own_limits if changes.limits is None else changes.limits,
    )


def refuse_without_administrator(before: User, after: User | None, others: int) -> None:
    """Raise Conflict if this change would leave nobody who can administer the fleet.

    `others` are the other administrators; `after` is None for a user who will be gone.
    """
    is_lost = before.is_administrator and not (after and after.is_administrator)
    if is_lost and not others:
        raise LastAdministratorError


def entries_of(before: User, after: User, actor_id: UUID) -> Iterator[AuditEntry]:
    """Yield an entry for each fact that differs. Names are left out, as people can be erased."""

    def entry(fact: AuditFact, detail: str = "") -> AuditEntry:
        return AuditEntry(fact, after.id, detail, actor_id)

    if before.name != after.name:
        yield entry(AuditFact.USER_RENAMED)
    if before.role.name != after.role.name:
        yield entry(AuditFact.ROLE_CHANGED, f"{before.role.name} to {after.role.name}")
    if before.own_limits != after.own_limits:
        yield entry(AuditFact.LIMITS_CHANGED, after.own_limits.model_dump_json(exclude_none=True))
    if before.is_blocked != after.is_blocked:
        yield entry(AuditFact.USER_BLOCKED if after.is_blocked else AuditFact.USER_UNBLOCKED)

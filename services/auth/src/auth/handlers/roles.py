"""Roles: list, find, create, change, delete."""

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.errors import (
    RoleExistsError,
    RoleInUseError,
    RoleNotFoundError,
    TooManyRolesError,
)
from auth.domain.roles import BUILT_IN, Role, changed_role, refuse_built_in, role_of
from auth.domain.user_changes import refuse_beyond
from auth.ports import Work
from auth.service import Auth
from contracts.access import Actor
from contracts.auth.roles import (
    MAX_ROLES,
    ChangeRole,
    CreatedRoleView,
    CreateRole,
    DeleteRole,
    FindRole,
    ListRoles,
    RolePage,
    RoleView,
)
from contracts.message import Accepted

CREATE = "create_role"
"""The operation to which idempotency keys of new roles belong."""


async def list_roles(auth: Auth, query: ListRoles) -> RolePage:  # noqa: ARG001  form of handlers
    """Return all roles, built-in ones first, then by name; they are few enough for one page."""
    async with auth.unit_of_work() as work:
        counts = await work.users_of_roles()
        roles = [*BUILT_IN.values(), *await work.roles()]
    return RolePage(items=[role.view(counts.get(role.name, 0)) for role in roles])


async def find_role(auth: Auth, query: FindRole) -> RoleView:
    async with auth.unit_of_work() as work:
        role = await existing(work, query.name)
        return await view(work, role)


async def create_role(auth: Auth, command: CreateRole) -> CreatedRoleView:
    """Create the role, or return the one that this command or its idempotency key made."""
    actor, now = command.actor, auth.clock()
    name, key = command.role.name, command.idempotency
    async with auth.unit_of_work() as work:
        await work.lock()
        role = await work.role(name)
        if role and role.request_id == command.request_id:  # the bus repeats the command
            return CreatedRoleView(role=await view(work, role), is_replay=False)
        made_name = await work.made_by(actor.user_id, CREATE, key)
        if made_name and (made := await work.role(made_name)):
            return CreatedRoleView(role=await view(work, made), is_replay=True)
        if role:
            raise RoleExistsError
        if len(await work.roles()) >= MAX_ROLES:
            raise TooManyRolesError(f"a fleet has at most {MAX_ROLES} roles of its own: delete one")
        role = role_of(name, command.role, created_at=now, request_id=command.request_id)
        refuse_beyond(actor, role)
        await work.save_role(role)
        await work.remember(actor.user_id, CREATE, key, (name, now))
        await note(auth, work, actor, AuditFact.ROLE_CREATED, role)
        return CreatedRoleView(role=await view(work, role), is_replay=False)


async def change_role(auth: Auth, command: ChangeRole) -> RoleView:
    """Change the role: gateways follow as soon as they read the principals of its users."""
    actor = command.actor
    async with auth.unit_of_work() as work:
        await work.lock()
        role = await existing(work, command.name)
        refuse_built_in(role.name)
        changed = changed_role(role, command.changes)
        refuse_beyond(actor, role, changed)
        if changed != role:
            await work.save_role(changed)
            await note(auth, work, actor, AuditFact.ROLE_REDEFINED, changed)
        return await view(work, changed)


async def delete_role(auth: Auth, command: DeleteRole) -> Accepted:
    """Delete the role unless somebody has it."""
    refuse_built_in(command.name)
    async with auth.unit_of_work() as work:
        await work.lock()
        role = await work.role(command.name)
        if role is None:
            return Accepted()
        refuse_beyond(command.actor, role)
        if count := (await work.users_of_roles()).get(role.name):
            who = "a user has" if count == 1 else f"{count} users have"
            raise RoleInUseError(f"{who} this role: give them another one first")
        await work.delete_role(role)
        await note(auth, work, command.actor, AuditFact.ROLE_DELETED, role)
    return Accepted()


async def existing(work: Work, name: str) -> Role:
    role = await work.role(name)
    if role is None:
        raise RoleNotFoundError
    return role


async def view(work: Work, role: Role) -> RoleView:
    return role.view((await work.users_of_roles()).get(role.name, 0))


async def note(auth: Auth, work: Work, actor: Actor, fact: AuditFact, role: Role) -> None:
    """Add an entry with the name of the role and its permissions."""
    detail = f"{role.name}: {' '.join(sorted(role.permissions))}"
    await work.add_entry(AuditEntry(fact, None, detail, actor.user_id), auth.clock())

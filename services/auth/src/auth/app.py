"""Auth's table of contents."""

import time
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.adapters.bcrypt_passwords import BcryptPasswords
from auth.adapters.buckets import PublishedBuckets
from auth.adapters.jose_keyring import JoseKeyring, derived
from auth.adapters.sql_work import SqlUnitOfWork
from auth.adapters.zxcvbn_guesses import ZxcvbnGuesses
from auth.domain.users import Administrator
from auth.handlers.administrator import ensure_administrator
from auth.handlers.api_keys import (
    create_api_key,
    delete_api_key,
    list_api_keys,
    record_use,
)
from auth.handlers.audit import list_audit
from auth.handlers.links import create_link, use_link
from auth.handlers.me import (
    list_sessions,
    rename_user,
    replace_password,
    revoke_session,
    revoke_sessions,
)
from auth.handlers.roles import change_role, create_role, delete_role, find_role, list_roles
from auth.handlers.sessions import end_session, issue_token, refresh_token
from auth.handlers.upkeep import prune, rotate_keys, sync_buckets
from auth.handlers.users import change_user, create_user, erase_user, find_user, list_users
from auth.service import Auth
from auth.settings import AuthSettings
from contracts.auth.audit import ListAudit
from contracts.auth.keys import ApiKeysUsed, CreateApiKey, DeleteApiKey, ListApiKeys
from contracts.auth.links import CreateLink, UseLink
from contracts.auth.me import (
    ListSessions,
    RenameUser,
    ReplacePassword,
    RevokeSession,
    RevokeSessions,
)
from contracts.auth.roles import ChangeRole, CreateRole, DeleteRole, FindRole, ListRoles
from contracts.auth.sessions import EndSession, IssueToken, RefreshToken
from contracts.auth.users import ChangeUser, CreateUser, EraseUser, FindUser, ListUsers
from runtime.clock import now
from runtime.outbox.relay import Relay
from runtime.process.service import Runtime
from runtime.process.tables import AnswerTable, SubscriptionTable, TickTable, serve, start_ticks
from runtime.stateful import running_with_state

ANSWERS: AnswerTable[Auth] = {
    IssueToken: issue_token,
    RefreshToken: refresh_token,
    EndSession: end_session,
    FindUser: find_user,
    ListUsers: list_users,
    CreateUser: create_user,
    ChangeUser: change_user,
    EraseUser: erase_user,
    CreateApiKey: create_api_key,
    ListApiKeys: list_api_keys,
    DeleteApiKey: delete_api_key,
    ListAudit: list_audit,
    RenameUser: rename_user,
    ReplacePassword: replace_password,
    ListSessions: list_sessions,
    RevokeSession: revoke_session,
    RevokeSessions: revoke_sessions,
    CreateLink: create_link,
    UseLink: use_link,
    ListRoles: list_roles,
    FindRole: find_role,
    CreateRole: create_role,
    ChangeRole: change_role,
    DeleteRole: delete_role,
}
SUBSCRIPTIONS: SubscriptionTable[Auth] = {ApiKeysUsed: record_use}
TICKS: TickTable[Auth] = {rotate_keys: 60.0, prune: 60.0, sync_buckets: 1.0}
"""`sync_buckets` itself waits for a lost bucket, at most a minute."""


def build(
    settings: AuthSettings,
    runtime: Runtime,
    engine: AsyncEngine,
    relay: Relay,
    passwords: BcryptPasswords,
) -> Auth:
    secret = settings.key_secret.get_secret_value()
    buckets = PublishedBuckets(engine, relay.nudge)
    buckets.follow(runtime)
    return Auth(
        unit_of_work=SqlUnitOfWork(engine, relay.nudge),
        passwords=passwords,
        guesses=ZxcvbnGuesses(),
        keyring=JoseKeyring(secret),
        buckets=buckets,
        clock=now,
        monotonic=time.monotonic,
        refresh_lifetime=timedelta(days=settings.refresh_days),
        successor_key=derived(secret, "refresh tokens"),
        administrator=administrator(settings),
    )


async def run(settings: AuthSettings) -> None:
    """Serve until told to stop."""
    cost, threads = settings.password_cost, settings.password_threads
    with BcryptPasswords.open(cost=cost, threads=threads) as passwords:
        async with running_with_state(settings, "auth") as (runtime, engine, relay):
            auth = build(settings, runtime, engine, relay, passwords)
            await rotate_keys(auth)
            await ensure_administrator(auth)
            await serve(runtime.bus, auth, ANSWERS, SUBSCRIPTIONS)
            start_ticks(runtime, auth, TICKS)
            await runtime.until_stopped()


def administrator(settings: AuthSettings) -> Administrator | None:
    if settings.admin_email is None or settings.admin_password is None:
        return None
    return Administrator(settings.admin_email, settings.admin_password.get_secret_value())

"""The largest answers of auth."""

from collections.abc import Iterable

from pydantic import BaseModel

from auth.domain.roles import BUILT_IN
from auth.domain.sessions import MAX_PER_USER
from contracts.access import LimitOverrides, Limits, Permission, Priority
from contracts.auth.audit import MAX_AUDIT_PAGE, AuditEntryView, AuditFact, AuditPage
from contracts.auth.keys import MAX_KEYS_PER_USER, ApiKeyPage, ApiKeyView
from contracts.auth.links import PasswordLinkView
from contracts.auth.me import SessionPage, SessionView
from contracts.auth.roles import MAX_ROLES, CreatedRoleView, RolePage, RoleView
from contracts.auth.sessions import TokenView
from contracts.auth.users import UserPage, UserView
from contracts.values import fitting

from .largest_registry_answers import ID, TIME, text

OVERRIDES = LimitOverrides(
    max_waiting_jobs=10**6,
    max_running_jobs=10**6,
    max_priority=Priority.INTERACTIVE,
    storage_bytes=2**53,
)
PATTERNS = ("x" * 80,) * 30
USER = UserView(
    id=ID,
    email=text(320),
    name=text(100),
    role="r" * 40,
    permissions=list(Permission),
    limits=Limits(),
    own_limits=OVERRIDES,
    created_at=TIME,
)
API_KEY = ApiKeyView(
    id=ID,
    user_id=ID,
    name=text(80),
    prefix="p" * 20,
    scopes=list(Permission),
    created_at=TIME,
    expires_at=TIME,
    last_used_at=TIME,
)
ENTRY = AuditEntryView(
    id=ID, at=TIME, fact=AuditFact.API_KEY_CREATED, user_id=ID, actor_id=ID, detail=text(2_000)
)
ROLE = RoleView(
    name="r" * 40,
    permissions=list(Permission),
    limits=OVERRIDES,
    workflows=PATTERNS,
    models=PATTERNS,
    is_built_in=False,
    user_count=2**31,
    created_at=TIME,
)
SESSION = SessionView(id=ID, began_at=TIME, refreshed_at=TIME, expires_at=TIME)

AUTH_ANSWERS: Iterable[BaseModel] = (
    TokenView(
        user_id=ID,
        access_token="a" * 4_000,
        refresh_token="r" * 200,
        expires_in=1,
        refresh_expires_in=1,
    ),
    USER,
    UserPage(items=[USER] * 100, next_cursor="c" * 200),
    API_KEY,
    ApiKeyPage(items=[API_KEY] * MAX_KEYS_PER_USER),
    AuditPage(items=fitting([ENTRY] * MAX_AUDIT_PAGE)),
    ROLE,
    CreatedRoleView(role=ROLE, is_replay=True),
    RolePage(items=[ROLE] * (MAX_ROLES + len(BUILT_IN))),
    SessionPage(items=[SESSION] * MAX_PER_USER),
    PasswordLinkView(user_id=ID, expires_at=TIME),
)

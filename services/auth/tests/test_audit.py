"""The audit log: complete, in pages, and without what must not be in it."""

import pytest

from auth.domain.audit import AuditEntry, AuditFact, StoredEntry
from auth.domain.errors import BadCredentialsError
from auth.handlers.audit import list_audit
from auth.handlers.sessions import issue_token
from contracts.access import Actor
from contracts.auth.audit import AuditRecorded, ListAudit
from contracts.auth.sessions import IssueToken
from contracts.errors import InvalidError
from contracts.values import new_id

from .fakes import NOW, FakeAuth, a_user

READER = Actor(user_id=new_id())


async def test_pages_hold_every_entry_once_newest_first() -> None:
    auth = FakeAuth()
    for number in range(5):
        await auth.work.add_entry(AuditEntry(AuditFact.KEY_CREATED, detail=str(number)), NOW)
    found: list[str] = []
    query = ListAudit(actor=READER, limit=2)
    while True:
        page = await list_audit(auth.service, query)
        found += [entry.detail for entry in page.items]
        if page.next_cursor is None:
            break
        query = query.model_copy(update={"cursor": page.next_cursor})

    assert found == ["4", "3", "2", "1", "0"]


async def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidError, match="list of audit"):
        await list_audit(FakeAuth().service, ListAudit(actor=READER, cursor="dXNlcnMgMQ"))


async def test_neither_a_password_nor_an_unknown_name_is_in_an_entry() -> None:
    user = a_user()
    auth = FakeAuth(user)
    login = IssueToken(username=user.email, password="correct")
    await issue_token(auth.service, login)
    for name, password in ((user.email, "hunter2"), ("hunter2", "correct")):
        with pytest.raises(BadCredentialsError):
            await issue_token(auth.service, IssueToken(username=name, password=password))

    entries = auth.work.entries
    assert [entry.fact for entry in entries] == ["logged_in", "login_refused", "login_refused"]
    assert [entry.user_id for entry in entries] == [user.id, user.id, None]
    assert entries[0].actor_id == user.id
    assert "hunter2" not in repr(entries)
    assert user.email not in repr(entries)


def test_readers_of_one_owners_events_do_not_get_the_log() -> None:
    user_id = new_id()
    entry = AuditEntry(AuditFact.LOGGED_IN, user_id, actor_id=user_id)
    entry_id = new_id()
    event = StoredEntry(17, entry_id, NOW, entry).event()

    assert event.address() == "event.audit.recorded.v1.logged_in"
    assert event.event_id() == f"{entry_id}.1"
    assert AuditRecorded.decode(event.address(), event.encode()) == event

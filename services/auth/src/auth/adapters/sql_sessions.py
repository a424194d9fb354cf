"""Rows of sessions."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from auth.adapters.sql_users import SqlUsers
from auth.adapters.tables import sessions
from auth.domain.sessions import ENDED_KEPT, MAX_PER_USER, Session

IS_OPEN = sessions.c.ended_at.is_(None)


class SqlSessions(SqlUsers):
    async def session(self, session_id: UUID) -> Session | None:
        found = select(sessions).where(sessions.c.id == session_id, IS_OPEN)
        row = await self._one(found.with_for_update())
        return Session(**row) if row else None

    async def save_session(self, session: Session) -> None:
        await self._save(sessions, asdict(session))

    async def end_session(self, session: Session, now: datetime) -> None:
        await self.save_session(replace(session, ended_at=now))
        await self._publish_principal(session.user_id)

    async def sessions_of(self, user_id: UUID) -> list[Session]:
        found = select(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        rows = await self._connection.execute(found.order_by(sessions.c.id.desc()))
        return [Session(**row) for row in rows.mappings()]

    async def end_sessions(self, sessions: Sequence[Session], now: datetime) -> None:
        for session in sessions:
            await self.save_session(replace(session, ended_at=now))
        if sessions:
            await self._publish_principal(sessions[0].user_id)

    async def delete_sessions(self, user_id: UUID) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.user_id == user_id))

    async def _prune_sessions(self, now: datetime) -> None:
        newest_first = func.row_number().over(
            partition_by=sessions.c.user_id, order_by=sessions.c.id.desc()
        )
        ranked = select(sessions.c.id, newest_first.label("rank")).where(IS_OPEN).subquery()
        surplus = select(ranked.c.id).where(ranked.c.rank > MAX_PER_USER)
        for statement in (
            delete(sessions).where(sessions.c.expires_at <= now),
            delete(sessions).where(sessions.c.ended_at <= now - ENDED_KEPT),
            delete(sessions).where(sessions.c.id.in_(surplus)),
        ):
            await self._connection.execute(statement)

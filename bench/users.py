"""Writes thirty users straight into auth's tables, since the API for that is not measured."""

import asyncio
from contextlib import closing

from sqlalchemy.ext.asyncio import create_async_engine

from auth.adapters.bcrypt_passwords import BcryptPasswords
from auth.adapters.sql_work import SqlUnitOfWork
from auth.domain.users import USER, User
from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.testing import LocalFleet
from contracts.values import new_id
from runtime.postgres.engine import sqlalchemy_url
from runtime.process.retry import retry

PASSWORD = "a bench password"
COST = 4


async def make_users(fleet: LocalFleet, count: int) -> list[str]:
    """Add users and return an access token of each, once the gateway knows them all."""
    engine = create_async_engine(sqlalchemy_url(fleet.database_url("auth")))
    names = [f"user{n}@bench.local" for n in range(count)]
    try:
        with BcryptPasswords.open(cost=COST, threads=1) as passwords:
            digest = await passwords.hash(PASSWORD)
        async with SqlUnitOfWork(engine, lambda: None)() as work:
            await work.lock()
            for name in names:
                await work.save_user(
                    User(id=new_id(), email=name, name=name, role=USER, password_hash=digest)
                )
    finally:
        await engine.dispose()
    return [await log_in(fleet.url, name) for name in names]


async def log_in(url: str, name: str) -> str:
    """Return a token once the gateway has read the user from its bucket, soon after the commit."""
    with closing(FleetClient(url)) as client:
        token = client.log_in(name, PASSWORD)
        await retry(
            lambda: asyncio.to_thread(client.call, "GET", "/v1/me"),
            awaited="the user at the gateway",
            errors=(CommandError,),
        )
    return token

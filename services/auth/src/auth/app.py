"""Auth, put together."""

import time
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.adapters.bcrypt_passwords import BcryptPasswords
from auth.adapters.bulletin import Bulletin
from auth.adapters.jose_keyring import JoseKeyring, derived
from auth.adapters.pruning import prune
from auth.adapters.sql_work import SqlUnitOfWork
from auth.domain.throttle import Throttle
from auth.handlers.keys import tend_keys
from auth.handlers.sessions import Issuer, end_session, issue_token, refresh_token
from auth.handlers.users import ensure_admin, find_user
from auth.settings import AuthSettings
from contracts.auth import (
    EndSession,
    FindUser,
    IssueToken,
    Principal,
    RefreshToken,
    SigningKey,
)
from contracts.services import KEYS, PRINCIPALS
from runtime.bus.bucket_watch import Mirror
from runtime.clock import now
from runtime.outbox.relay import Relay
from runtime.postgres.engine import database, driver
from runtime.postgres.schema import verify
from runtime.process.service import running
from runtime.process.tables import every

TICK_SECONDS = 60.0


async def run(settings: AuthSettings) -> None:
    """Serve until told to stop."""
    secret = settings.key_secret.get_secret_value()
    lifetime = timedelta(days=settings.refresh_days)
    cost, threads = settings.password_cost, settings.password_threads
    with BcryptPasswords.open(cost=cost, threads=threads) as passwords:
        async with database(settings) as engine, running(settings, "auth") as runtime:
            await verify(settings, "auth")
            relay = Relay(partial(driver, engine), runtime.bus)
            work = SqlUnitOfWork(engine, relay.nudge)
            keyring, throttle = JoseKeyring(secret), Throttle()
            issuer = Issuer(keyring, now, lifetime, derived(secret, "refresh tokens"))
            published, principals = Mirror(SigningKey), Mirror(Principal)
            bulletin = Bulletin(work, published, principals)

            await tend_keys(work, keyring, now)
            await bootstrap(settings, work, passwords)

            login = partial(issue_token, work, passwords, issuer, throttle, time.monotonic)
            await runtime.bus.serve(IssueToken, login)
            await runtime.bus.serve(RefreshToken, partial(refresh_token, work, issuer))
            await runtime.bus.serve(EndSession, partial(end_session, work, now))
            await runtime.bus.serve(FindUser, partial(find_user, work))

            runtime.spawn(relay.run(), name="outbox")
            runtime.add_warning(relay.warning)
            runtime.spawn(published.follow(runtime.bus, KEYS), name="published keys")
            runtime.spawn(principals.follow(runtime.bus, PRINCIPALS), name="principals")
            tending = partial(tend, work, keyring, engine, bulletin)
            runtime.spawn(every(TICK_SECONDS, tending, name="upkeep"), name="upkeep")
            runtime.ready()
            await runtime.stop.wait()


async def tend(
    work: SqlUnitOfWork, keyring: JoseKeyring, engine: AsyncEngine, bulletin: Bulletin
) -> None:
    await tend_keys(work, keyring, now)
    await prune(engine, now)
    await bulletin.mend()


async def bootstrap(
    settings: AuthSettings, work: SqlUnitOfWork, passwords: BcryptPasswords
) -> None:
    if settings.admin_email and settings.admin_password:
        password = settings.admin_password.get_secret_value()
        await ensure_admin(work, passwords, now, settings.admin_email, password)

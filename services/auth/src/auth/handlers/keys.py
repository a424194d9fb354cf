"""Signing keys: made when due, used once settled, dropped when outlived."""

from auth.domain.audit import Entry, Fact
from auth.domain.keyring import is_due, outlived, signing
from auth.ports import Clock, Keyring, UnitOfWork


async def tend_keys(unit_of_work: UnitOfWork, keyring: Keyring, clock: Clock) -> None:
    """Bring the keys up to date and choose the one to sign with.

    A key that cannot be unsealed (the secret of the settings changed) stays published for the
    tokens it signed, and counts as no key otherwise.
    """
    now = clock()
    async with unit_of_work() as work:
        await work.alone()
        keys = await work.keys()
        usable = keyring.opened(keys)
        if is_due(usable, now):
            key = keyring.make(now)
            await work.add_key(key)
            await work.record(Entry(Fact.KEY_CREATED, detail=key.id), now)
            keys, usable = [*keys, key], [*usable, key]
        for key in outlived(keys, now):
            await work.drop_key(key)
    keyring.use(signing(usable, now))

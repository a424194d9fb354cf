"""Ticks of auth: rotation of signing keys, deletion of old rows, published buckets."""

from auth.domain.audit import AuditEntry, AuditFact
from auth.domain.keyring import expired_keys, needs_key, signing_key
from auth.service import Auth


async def rotate_keys(auth: Auth) -> None:
    """Bring the keys up to date and choose the one to sign with.

    A key that cannot be unsealed (the secret of the settings changed) stays published for the
    tokens that it signed, and counts as no key otherwise.
    """
    now = auth.clock()
    async with auth.unit_of_work() as work:
        await work.lock()
        keys = await work.keys()
        usable = auth.keyring.unseal(keys)
        if needs_key(usable, now):
            key = auth.keyring.generate(now)
            await work.add_key(key)
            await work.add_entry(AuditEntry(AuditFact.KEY_CREATED, detail=key.id), now)
            keys, usable = [*keys, key], [*usable, key]
        for key in expired_keys(keys, now):
            await work.delete_key(key)
    auth.keyring.sign_with(signing_key(usable, now))


async def prune(auth: Auth) -> None:
    """Delete what has expired and what exceeds the limits."""
    async with auth.unit_of_work() as work:
        await work.prune(auth.clock())


async def sync_buckets(auth: Auth) -> None:
    """Make the buckets `keys` and `principals` equal to the database."""
    await auth.buckets.sync()

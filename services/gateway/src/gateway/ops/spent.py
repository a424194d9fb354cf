"""Shares limits with the other gateways: tells them what was let through, and hears them."""

import time

from contracts.spent import MOST_KEYS, RateKind, RequestsSpent
from gateway.service import Gateway


async def announce_spent(gateway: Gateway) -> None:
    """Tell the other gateways how many requests of whom were let through, if any were."""
    counts: dict[RateKind, dict[str, int]] = {
        kind: spent
        for kind, rates in gateway.access.rates.items()
        if (spent := rates.take_spent(MOST_KEYS))
    }
    if counts:
        await gateway.bus.signal(RequestsSpent(gateway_id=gateway.id, counts=counts))


async def hear_spent(gateway: Gateway, signal: RequestsSpent) -> None:
    """Count what another gateway let through as if this one had."""
    if signal.gateway_id == gateway.id:
        return
    now = time.monotonic()
    for kind, spent in signal.counts.items():
        rates = gateway.access.rates[kind]
        for key, count in spent.items():
            rates.spend(key, count, now)

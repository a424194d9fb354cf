"""Looks up hosts that strangers name, and refuses those inside the network of the fleet.

A caller connects to the address that was checked, so a name that changes its address meanwhile
leads nowhere; TLS and the header `Host` keep the name.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses whose last four bytes are an IPv4 address (RFC 6052)."""
COMPATIBLE = IPv6Network("::/96")
"""The old form of an IPv4 address in IPv6 (RFC 4291, 2.5.5.1)."""


class HostError(Exception):
    """The host cannot be used; the text continues a sentence."""


class PrivateHostError(HostError):
    """One of the host's addresses is not public."""


class UnknownHostError(HostError):
    """The host has no address."""


async def checked_address(host: str, port: int, allowed: Sequence[Network] = ()) -> str:
    """Return an address of the host, once all are public or in an allowed network.

    Raises PrivateHostError, UnknownHostError.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as error:
        raise UnknownHostError(f"has no address for {host[:100]}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_allowed(address, allowed) for address in addresses):
        raise PrivateHostError(f"{host[:100]} is not a public host")
    return addresses[0]


def is_allowed(text: str, allowed: Sequence[Network]) -> bool:
    """Tell whether the address is public, or it or one wrapped in it is in these networks."""
    return is_public(text) or any(one in network for one in unwrapped(text) for network in allowed)


def is_public(text: str) -> bool:
    """Tell whether the address, and each that is wrapped in it, is one of the public Internet."""
    return all(one.is_global and not one.is_multicast for one in unwrapped(text))


def unwrapped(text: str) -> list[IPv4Address | IPv6Address]:
    """Return the address and the IPv4 addresses that its bits may mean."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return [address]
    inner = [address.ipv4_mapped, address.sixtofour]
    if address in NAT64 or address in COMPATIBLE:
        inner.append(IPv4Address(address.packed[12:]))
    return [address, *(one for one in inner if one is not None)]

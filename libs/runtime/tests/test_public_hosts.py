"""Hosts that strangers name do not lead into the network of the fleet."""

from ipaddress import ip_network

import pytest

from runtime.public_hosts import (
    PrivateHostError,
    UnknownHostError,
    checked_address,
    is_allowed,
    is_public,
)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1"),
        *("::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "ff02::1", "2001:db8::1"),
        *("::127.0.0.1", "::ffff:a9fe:a9fe"),
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.9", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_an_allowed_network_holds_an_address_however_it_is_spelled(address: str) -> None:
    assert is_allowed(address, [ip_network("127.0.0.0/8")])
    assert not is_allowed(address, [ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


async def test_a_host_is_looked_up_and_refused_by_its_addresses() -> None:
    with pytest.raises(PrivateHostError, match="localhost is not a public host"):
        await checked_address("localhost", 80)
    with pytest.raises(UnknownHostError, match="has no address"):
        await checked_address("no.such.host.invalid", 80)
    networks = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    assert await checked_address("127.0.0.1", 80, networks) == "127.0.0.1"

"""IP addresses and the networks that hold them, for `in cidr`.

A maintainer keeps one rule: an IPv4 address written the IPv6 way (`::ffff:10.0.0.1`) is that IPv4 address, as it is to a firewall,
and a network written so (`::ffff:10.0.0.0/104`) is that IPv4 network.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


@lru_cache(maxsize=512)
def network(text: str) -> Network | None:
    """Read a network such as `10.0.0.0/8`, bits after the prefix allowed; `None` for any other text."""
    try:
        read = ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = read.network_address.ipv4_mapped if isinstance(read, IPv6Network) else None
    return read if mapped is None or read.prefixlen < _MAPPED else IPv4Network((mapped, read.prefixlen - _MAPPED))


#: The bits before the IPv4 address in an IPv6 one that maps it.
_MAPPED: Final = 96


def address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; `None` for any other text."""
    try:
        read = ip_address(text)
    except ValueError:
        return None
    return read.ipv4_mapped or read if isinstance(read, IPv6Address) else read

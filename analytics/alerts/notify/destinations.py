"""Where messages may go: addresses on the public internet alone, unless the settings allow others.

A name is resolved once, and the connection goes to what was resolved, so that a second answer of a name server cannot
lead elsewhere.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 addresses (RFC 6052)."""
NOT_PUBLIC = tuple(map(ip_network, ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")))
"""What Python takes for public: compatible and translated addresses of IPv4, local translation, and local sites."""


class Unreachable(Exception):
    """There is no connection; the argument says why."""


class Destination(NamedTuple):
    """An address and port to connect to."""

    family: socket.AddressFamily
    address: str
    port: int


def destinations(host: str, port: int, *, allows_private: bool) -> list[Destination]:
    """The addresses of a host that may be connected to.

    Raises:
        Unreachable: there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} cannot be resolved ({getattr(error, 'strerror', None) or error})") from None
    all_found = [Destination(family, str(where[0]), port) for family, _, _, _, where in found]
    allowed = [each for each in all_found if allows_private or is_public(each.address)]
    if not allowed:
        raise Unreachable(
            f"{host} has no public address: set ANALYTICS_NOTIFY_PRIVATE=1 to allow requests to this machine and to "
            "private networks"
        )
    return allowed


def connected(host: str, port: int, seconds: float, *, allows_private: bool) -> socket.socket:
    """A connection to the first address that answers.

    Raises:
        Unreachable: none does.
    """
    reason = ""
    for where in destinations(host, port, allows_private=allows_private)[:4]:
        try:
            return socket.create_connection((where.address, where.port), seconds)
        except OSError as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    raise Unreachable(f"{host}:{port} does not answer ({reason})")


def is_public(text: str) -> bool:
    """Whether an address is on the public internet, also of those that it stands for."""
    address: IPv4Address | IPv6Address | None = ip_address(text.partition("%")[0])
    while isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            break
        address = inner
    assert address is not None
    return address.is_global and not address.is_multicast and not any(address in each for each in NOT_PUBLIC)

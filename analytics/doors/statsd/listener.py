"""The socket of StatsD: UDP, on the loopback interface or for the addresses that may send."""

import socket as plain_socket
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

from gevent import socket

LOOPBACK, EVERY_IPV4, EVERY_IPV6 = "127.0.0.1", "0.0.0.0", "::"  # noqa: S104  # nosec B104: only if the settings name senders
LARGEST = 65_535
"""Bytes of a datagram."""
BUFFER = 4 * 1024 * 1024
"""Bytes of datagrams that the system is asked to hold until they are read."""
SO_RXQ_OVFL = 40
"""Option of Linux: each datagram comes with the number of those before it for which the buffer had no room."""
_COUNT = struct.Struct("I")


class Datagram(NamedTuple):
    """A datagram, the address that it came from, and how many were lost before it since the socket was opened."""

    data: bytes
    address: str
    lost: int


class StatsdListener:
    """An open socket; a context manager that closes it.

    Args:
        allowed: addresses and networks that may send, besides this machine; without any, only this machine can.

    Raises:
        OSError: the port cannot be listened on.
    """

    def __init__(self, port: int, allowed: Sequence[str]) -> None:
        self._networks = [ip_network(text) for text in allowed]
        host = EVERY_IPV6 if any(network.version == 6 for network in self._networks) else EVERY_IPV4
        host = host if allowed else LOOPBACK
        self._socket: Any = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if ":" in host:
                self._socket.setsockopt(plain_socket.IPPROTO_IPV6, plain_socket.IPV6_V6ONLY, 0)
            self._socket.setsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_RCVBUF, BUFFER)
            with suppress(OSError):  # not on Linux: losses cannot be counted
                self._socket.setsockopt(plain_socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            self._socket.bind((host, port))
        except BaseException:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._lost = 0

    def __enter__(self) -> "StatsdListener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def receive(self) -> Datagram:
        """The next datagram; waits for it."""
        data, ancillary, _, (address, *_) = self._socket.recvmsg(LARGEST, socket.CMSG_SPACE(_COUNT.size))
        for level, kind, value in ancillary:
            if level == plain_socket.SOL_SOCKET and kind == SO_RXQ_OVFL:
                self._lost = _COUNT.unpack(value)[0]
        return Datagram(data, address, self._lost)

    def may_send(self, address: str) -> bool:
        """Whether datagrams from an address are accepted."""
        return is_allowed(self._networks, address)


def is_allowed(networks: Iterable[IPv4Network | IPv6Network], address: str) -> bool:
    """Whether an address is this machine, or in one of the networks."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback or any(parsed in network for network in networks)

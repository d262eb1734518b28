"""IP addresses in texts, for `ip("…")`."""

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from analytics.logql.errors import BadLogQuery

Address = IPv4Address | IPv6Address
_CANDIDATE = re.compile(
    r"(?<![\w.:])(?:[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.[0-9]{1,3}){0,3}(?!\w)"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9]))"
)


def has_address(pattern: str) -> Callable[[str], bool]:
    """Whether a text has an IP address of a pattern: one address, a range of them, or a network.

    Raises:
        BadLogQuery: the pattern is neither `192.0.2.1`, nor `192.0.2.1-192.0.2.9`, nor `192.0.2.0/24`.
    """
    first, last = _range_of(pattern)
    version, low, high = first.version, int(first), int(last)
    return lambda text: any(each.version == version and low <= int(each) <= high for each in _addresses(text))


def _range_of(pattern: str) -> tuple[Address, Address]:
    try:
        if "/" in pattern:
            network = ip_network(pattern, strict=False)
            return network.network_address, network.broadcast_address
        parts = [ip_address(part.strip()) for part in pattern.split("-")]
        first, last = (parts[0], parts[0]) if len(parts) == 1 else parts
    except ValueError:
        raise BadLogQuery(
            f"parse error : ip: {pattern[:100]!r} is no address, no range such as 192.0.2.1-192.0.2.9, and no network "
            "such as 192.0.2.0/24"
        ) from None
    if first.version != last.version or int(first) > int(last):
        raise BadLogQuery(f"parse error : ip: the range {pattern[:100]!r} ends before it begins")
    return first, last


def _addresses(text: str) -> Iterator[Address]:
    for found in _CANDIDATE.finditer(text):
        try:
            yield ip_address(found[0])
        except ValueError:
            continue

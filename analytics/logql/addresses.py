"""IP addresses in texts, for `ip("…")`."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from analytics.logql.errors import BadLogQuery

Address = IPv4Address | IPv6Address
_FOUR = re.compile(r"(?<![0-9])(?<![0-9]\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])")
_TOKEN = re.compile(r"[\w:.]+")
_GROUP = re.compile(r"[0-9A-Fa-f]{0,4}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_GROUPS = 8
"""Groups of a whole address of version 6."""
_LONGEST = 48
"""Characters of a text before an address of version 4 that may belong to one of version 6."""


def has_address(pattern: str) -> Callable[[str], bool]:
    """Whether a text has an IP address of a pattern: one address, a range of them, or a network.

    Raises:
        BadLogQuery: the pattern is neither `192.0.2.1`, nor `192.0.2.1-192.0.2.9`, nor `192.0.2.0/24`.
    """
    first, last = _range_of(pattern)
    found, low, high = _fours if first.version == 4 else _sixes, int(first), int(last)
    return lambda text: any(low <= int(each) <= high for each in found(text))


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


def _fours(text: str) -> Iterator[Address]:
    """Addresses of version 4, such as in `src:192.0.2.1:80`, without those at the end of one of version 6."""
    for found in _FOUR.finditer(text):
        start = found.start()
        if text[start - 1 : start] == ":":
            before = max(0, start - _LONGEST)
            token = re.search(r"[\w:.]*\Z", text[before : found.end()])
            if token is not None and any(_sixes(token[0])):
                continue
        with suppress(ValueError):
            yield ip_address(found[0])


def _sixes(text: str) -> Iterator[Address]:
    """Addresses of version 6, such as in `[2001:db8::1]:443` and `peer:2001:db8::1: refused`."""
    if "::" not in text and text.count(":") < _GROUPS - 1:
        return
    for token in _TOKEN.finditer(text):
        groups: list[str] = []
        for group in [*token[0].rstrip(".").split(":"), "-"]:
            if _GROUP.fullmatch(group):
                groups.append(group)
                continue
            yield from _of_groups(groups)
            groups = []


def _of_groups(groups: list[str]) -> Iterator[Address]:
    """The address that groups are, with a colon or a port behind it or without."""
    for some in (groups, groups[:-1], groups[:_GROUPS], groups[-_GROUPS:]):
        if 2 < len(some) <= _GROUPS + 1:
            with suppress(ValueError):
                yield ip_address(":".join(some))
                return

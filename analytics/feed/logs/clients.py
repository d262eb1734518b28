"""Tells which part of a line is the client's address."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

from analytics.feed.logs.record import DamagedLineError

_LISTED = re.compile(r"\s*,\s*")
# What stands in front of the time: quoted texts, lists whose items end with commas, and words.
_GROUP = re.compile(r'"([^"]*)"|([^\s",]++(?:,[ \t]*+[^\s",]++)*+)')
_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):\d+")
_NOBODY = ("", "-", "unknown")


def client(field: str) -> str | None:
    """The client that a field names: an address, a host name, either with a port, or an X-Forwarded-For list.

    Of a list the first is the client, the others are proxies. None where it names nobody.
    """
    first = _LISTED.split(field, 1)[0].strip() if "," in field else field
    if ":" in first or "[" in first:
        with_port = _PORT.fullmatch(first)
        first = (with_port[1] if with_port else first).strip("[]")
    return None if first in _NOBODY else first


def leading_client(prefix: str, *, vhost: bool) -> str:
    """The client among what stands in front of a line's time.

    Usually that is `client identity user`, in which the user name may have blanks. In front of it there may be a
    virtual host (with a port where `vhost` is set) or what syslog adds; in the client's place there may be an
    X-Forwarded-For list.

    Raises:
        DamagedLineError: it cannot be told.
    """
    groups = [quoted or word for quoted, word in _GROUP.findall(prefix)]
    found = None
    if groups and not prefix.lstrip().startswith(","):
        found = _after_host(groups) if vhost else None
        found = found or _placed(groups)
    name = client(found) if found else None
    if name is None:
        raise DamagedLineError(f"unclear which part of {prefix.strip()[:60]!r} is the client's address")
    return name


def _after_host(groups: Sequence[str]) -> str | None:
    """The second group where the first is a host with its port."""
    return groups[1] if len(groups) > 1 and _PORT.fullmatch(groups[0]) and not _is_plain_ip(groups[0]) else None


def _placed(groups: Sequence[str]) -> str | None:
    if "," in groups[0] and len(groups) > 3 and _is_address(groups[0]) and groups[2] == "-":
        return groups[0]  # a list of what proxies forwarded for, in front of the proxy's own address
    addresses = [index for index, group in enumerate(groups) if _is_address(group)]
    first, second, *_ = [*groups, "", ""]
    has_port = _PORT.fullmatch(first) is not None and not _is_plain_ip(first)
    if addresses[:1] == [0]:
        if addresses == [0]:
            # After a host with its port comes the client, or else an identity that no server logs.
            return first if second == "-" or not has_port else None
        if addresses == [0, 1]:
            return second if has_port and len(groups) > 3 else None
        return first if second == "-" and len(groups) == 3 else None
    if len(addresses) == 1:
        # Further on only where identity and user follow: a user may be called like an address.
        (place,) = addresses
        return groups[place] if place == 1 or (second != "-" and len(groups) - place > 2) else None
    if addresses:
        return None
    if has_port:
        return second if len(groups) > 3 and second != "-" else None
    return first if second == "-" or len(groups) == 3 else None


def _is_address(group: str) -> bool:
    return _is_plain_ip(client(group) or "")


def _is_plain_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

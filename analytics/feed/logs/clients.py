"""Finds the address of the client in a line."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

from analytics.feed.logs.record import DamagedLineError

_LISTED = re.compile(r"\s*,\s*")
# The groups before the time: quoted texts, comma-separated lists, and words.
_GROUP = re.compile(r'"([^"]*)"|([^\s",]++(?:,[ \t]*+[^\s",]++)*+)')
_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):\d+")
_NOBODY = ("", "-", "unknown")


def client(field: str) -> str | None:
    """The client in a field: an address or host name, with or without a port, or an X-Forwarded-For list.

    In a list the first is the client, and the others are proxies. None if the field names no client.
    """
    first = _LISTED.split(field, 1)[0].strip() if "," in field else field
    if ":" in first or "[" in first:
        with_port = _PORT.fullmatch(first)
        first = (with_port[1] if with_port else first).strip("[]")
    return None if first in _NOBODY else first


def leading_client(prefix: str, *, vhost: bool) -> str:
    """The client in the part of a line before its time.

    Usually that part is `client identity user`; the user name may contain blanks. Before it there may be a virtual host
    (with a port if `vhost` is set) or the prefix of syslog; instead of the client there may be an X-Forwarded-For list.

    Raises:
        DamagedLineError: it is not clear which part is the client.
    """
    groups = [quoted or word for quoted, word in _GROUP.findall(prefix)]
    found = None
    if groups and not prefix.lstrip().startswith(","):
        found = _after_host(groups) if vhost else None
        found = found or _by_position(groups)
    name = client(found) if found else None
    if name is None:
        raise DamagedLineError(f"unclear which part of {prefix.strip()[:60]!r} is the client's address")
    return name


def _after_host(groups: Sequence[str]) -> str | None:
    """The second group, if the first is a host with a port."""
    return groups[1] if len(groups) > 1 and _PORT.fullmatch(groups[0]) and not _is_plain_ip(groups[0]) else None


def _by_position(groups: Sequence[str]) -> str | None:
    """The group that is the client by its position among addresses and other words; None if that is not clear."""
    if "," in groups[0] and len(groups) > 3 and _is_address(groups[0]) and groups[2] == "-":
        return groups[0]  # an X-Forwarded-For list before the address of the proxy
    addresses = [index for index, group in enumerate(groups) if _is_address(group)]
    first, second, *_ = [*groups, "", ""]
    has_port = _PORT.fullmatch(first) is not None and not _is_plain_ip(first)
    if addresses[:1] == [0]:
        if addresses == [0]:
            # After a host with a port comes the client, otherwise an identity, which no server logs.
            return first if second == "-" or not has_port else None
        if addresses == [0, 1]:
            return second if has_port and len(groups) > 3 else None
        return first if second == "-" and len(groups) == 3 else None
    if len(addresses) == 1:
        # In a later place only if identity and user follow, because a user name may look like an address.
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

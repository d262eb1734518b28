"""Addresses: origins as browsers compare them, base paths, and the addresses of senders."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

ORIGIN = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?", re.ASCII | re.IGNORECASE)
BASE_PATH_PATTERN = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+", re.ASCII)
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_PORT = 65_535
LONGEST_ORIGIN = 512
"""Characters; names of hosts have at most 253."""
TRUSTED = "analytics.trusted_proxy"
"""Environ key: set only if the request came from a trusted proxy directly."""
SCHEME = "analytics.scheme"
"""Environ key: the scheme that the client used; set only if a trusted proxy sent it."""


class Origin(NamedTuple):
    """Scheme, host and port; origins are equal if all three are (RFC 6454, section 5)."""

    scheme: str
    host: str
    port: int


def parse_origin(text: str) -> Origin | None:
    """The origin in `text`, such as `https://shop.example`; None if it is not one, or too long.

    Case is ignored, and a missing port is the default port of the scheme.
    """
    return _kept(text) if len(text) <= LONGEST_ORIGIN else None


@lru_cache(maxsize=1024)
def _kept(text: str) -> Origin | None:
    found = ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme, host = found[1].lower(), found[2].lower()
    port = int(found[3] or DEFAULT_PORTS[scheme])
    if host.startswith("["):
        try:
            host = f"[{ip_address(host[1:-1])}]"
        except ValueError:
            return None
    return Origin(scheme, host, port) if port <= MAX_PORT else None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is reachable from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def is_issuer(text: str) -> bool:
    """Whether `text` can be an OpenID Connect provider: https, or http on this machine, without query and fragment."""
    address = re.fullmatch(r"(https?://[^/?#\s]+)(/[^?#\s]*)?", text)
    origin = parse_origin(address[1]) if address else None
    return origin is not None and (origin.scheme == "https" or is_loopback(origin.host))


@lru_cache(maxsize=4096)
def sender_at(address: str) -> str | None:
    """The sender that an address stands for: itself, or the /64 of an IPv6 address.

    A /64 usually belongs to one customer. None for this machine: loopback and Unix sockets, which have no address.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return None if parsed.is_loopback else str(ip_network((int(parsed) >> 64 << 64, 64)))
        parsed = parsed.ipv4_mapped
    return None if parsed.is_loopback else str(parsed)


def own_origin(environ: WSGIEnvironment, scheme: str) -> Origin | None:
    """The origin of the service's own pages, as a request sees it.

    Without a scheme from a trusted proxy it is that of `scheme`: an untrusted proxy may have terminated TLS.
    """
    return parse_origin(f"{environ.get(SCHEME, scheme)}://{environ.get('HTTP_HOST', '')}")


def is_base_path(text: str) -> bool:
    """Whether `text` is a valid path below which the service can be served: `/stats`, `/ops/live`."""
    return BASE_PATH_PATTERN.fullmatch(text) is not None

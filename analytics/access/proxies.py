"""Trusted proxies: takes a request's client, scheme, host and prefix from their X-Forwarded-* headers."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from wsgiref.types import WSGIEnvironment

from analytics.addresses import SCHEME, TRUSTED, is_base_path, parse_origin

PATH_PREFIX = "analytics.prefix"
"""Environ key: the prefix below which the client reached the service; set only if a trusted proxy sent it."""
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
"""Scheme by the value of X-Forwarded-Proto; Traefik sends ws and wss for WebSockets."""
FORWARDED_HEADERS = "HTTP_X_FORWARDED_"


class Proxies:
    """Applies `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` from peers whose address is in `networks`.

    Werkzeug's ProxyFix trusts a fixed number of values from any sender, so a client that connects directly could
    claim any address. Here each hop is trusted by its address. If several proxies append values, those of the trusted
    hops are used; the values before them came from the client and are ignored.
    """

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks = [ip_network(network) for network in networks]
        self._is_trusted = lru_cache(maxsize=1024)(self._find)

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Set REMOTE_ADDR, HTTP_HOST, wsgi.url_scheme, `TRUSTED`, `SCHEME` and `PATH_PREFIX` if the peer is trusted."""
        client = environ.get("REMOTE_ADDR", "")
        if not self._networks or not self._is_trusted(client):
            return
        environ[TRUSTED] = True
        hops = 1
        for value in reversed(_values(environ, "FOR")):
            address = _without_port(value)
            if not _is_address(address):
                break
            client = address
            if not self._is_trusted(address):
                break
            hops += 1
        environ["REMOTE_ADDR"] = client
        scheme = SCHEMES.get(_first(environ, "PROTO", hops).lower())
        if scheme is not None:
            environ["wsgi.url_scheme"] = environ[SCHEME] = scheme
        host = _first(environ, "HOST", hops)
        if parse_origin(f"http://{host}") is not None:
            environ["HTTP_HOST"] = host
        prefix = "".join(value.rstrip("/") for value in _values(environ, "PREFIX")[-hops:])
        if is_base_path(prefix):
            environ[PATH_PREFIX] = prefix

    def _find(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:  # such as a Unix socket
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:  # an IPv4 client of an IPv6 socket
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)


def _values(environ: WSGIEnvironment, name: str) -> list[str]:
    text: str = environ.get(FORWARDED_HEADERS + name, "")
    return [value.strip() for value in text.split(",")] if text else []


def _first(environ: WSGIEnvironment, name: str, hops: int) -> str:
    """Value that the outermost trusted proxy sent."""
    return next(iter(_values(environ, name)[-hops:]), "")


def _without_port(address: str) -> str:
    """Remove the port that some proxies add: 203.0.113.1:5000, [2001:db8::1]:5000."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

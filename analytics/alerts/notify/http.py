"""HTTP client for receivers: one request a connection, without redirects, with limits for time and size."""

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

import gevent

from analytics.alerts.notify.destinations import Unreachable, connected

SOCKET_SECONDS, REQUEST_SECONDS = 10.0, 20.0
"""Seconds to connect or to wait for a piece of the answer, and for all of a request."""
MOST_ANSWER_BYTES = 64 * 1024


class HttpRequest(NamedTuple):
    """A request to a receiver."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


class HttpAnswer(NamedTuple):
    """An answer; names of headers are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    text: str


class Http:
    """Sends requests.

    Args:
        allows_private: whether requests may go to this machine and to private networks.
    """

    def __init__(self, *, allows_private: bool) -> None:
        self.allows_private = allows_private

    def send(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a request.

        Raises:
            Unreachable: there is none in time.
        """
        split = urlsplit(request.url)
        host = split.hostname or ""
        try:
            with gevent.Timeout(REQUEST_SECONDS, Unreachable(f"{host}: no answer within {REQUEST_SECONDS:g} s")):
                return self._exchange(request)
        except ssl.SSLError as error:
            raise Unreachable(f"{host}: no TLS connection ({error.reason or error})") from None
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"{host}: {error or type(error).__name__}") from None

    def _exchange(self, request: HttpRequest) -> HttpAnswer:
        split = urlsplit(request.url)
        host, is_secure = split.hostname or "", split.scheme == "https"
        port = split.port or (443 if is_secure else 80)
        connection = HTTPConnection(host, port, timeout=SOCKET_SECONDS)
        connection.sock = connected(host, port, SOCKET_SECONDS, allows_private=self.allows_private)
        try:
            if is_secure:
                connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
            path = f"{split.path or '/'}{f'?{split.query}' if split.query else ''}"
            headers = {"User-Agent": "analytics-dashboard", **request.headers, "Host": split.netloc.rpartition("@")[2]}
            connection.request(request.method, path, request.body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            text = answer.read(MOST_ANSWER_BYTES).decode(errors="replace")
            return HttpAnswer(answer.status, answer.reason, {k.lower(): v for k, v in answer.getheaders()}, text)
        finally:
            connection.close()

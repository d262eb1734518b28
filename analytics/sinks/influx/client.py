"""HTTP client of an InfluxDB or VictoriaMetrics: one connection, with limits for time and size."""

import base64
import gzip
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import gevent

from analytics.catalog.secret import resolve
from analytics.influx_url import InfluxUrl

SOCKET_SECONDS, MOST_WRITE_SECONDS, MOST_READ_SECONDS = 10.0, 30.0, 10.0
"""Seconds to connect or to wait for a piece of an answer, and for all of a write or a read."""
MOST_ANSWER_BYTES = 8 * 1024 * 1024
_PATHS = {1: "/write", 2: "/api/v2/write", 3: "/api/v3/write_lp"}


class InfluxUnreachable(Exception):
    """There is no answer; the argument says why."""


class InfluxAnswer(NamedTuple):
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class InfluxClient:
    """Sends requests one at a time.

    Args:
        token: the setting: a token, `user:password`, or a reference to either, which is followed at each connection.
    """

    def __init__(self, url: InfluxUrl, token: str) -> None:
        self.url, self._token = url, token
        self._split = urlsplit(url.base)
        self._connection: HTTPConnection | None = None
        self.losses = 0
        """How often a connection was lost: the server may have been restarted."""
        self._authorization: dict[str, str] = {}

    def write(self, lines: str) -> InfluxAnswer:
        """Write lines with times in seconds.

        Raises:
            InfluxUnreachable: there is no answer in time.
            SecretMissing: the token is not where the setting says.
        """
        names = self.url.parameters
        if self.url.version == 3:
            query = {"db": names["database"], "precision": "second", "accept_partial": "true"}
        else:
            query = {**names, "precision": "s"}
        body = gevent.get_hub().threadpool.apply(_zipped, (lines,))
        headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"}
        path = f"{_PATHS[self.url.version]}?{urlencode(query)}"
        return self._ask(MOST_WRITE_SECONDS, "POST", path, body, headers)

    def get(self, path: str, query: Mapping[str, str]) -> InfluxAnswer:
        """Read something; raises what `write` does."""
        return self._ask(MOST_READ_SECONDS, "GET", f"{path}?{urlencode(query)}", None, {"Accept": "application/json"})

    def ping(self) -> None:
        """Find out whether the connection is lost, and keep it; raises what `write` does."""
        self._ask(MOST_READ_SECONDS, "GET", "/ping", None, {})

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(
        self, seconds: float, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> InfluxAnswer:
        try:
            with gevent.Timeout(seconds, InfluxUnreachable(f"no answer within {seconds:g} s")):
                is_reused = self._connection is not None
                try:
                    return self._exchange(method, path, body, headers)
                except (OSError, HTTPException):
                    self.close()
                    if not is_reused:
                        raise
                    self.losses += 1
                return self._exchange(method, path, body, headers)  # the server had closed the idle connection
        except (OSError, HTTPException) as error:
            raise InfluxUnreachable(str(error) or type(error).__name__) from None
        except BaseException:
            self.close()
            raise

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> InfluxAnswer:
        connection = self._connection or self._connected()
        connection.request(method, self._split.path + path, body, {**headers, **self._authorization})
        answer = connection.getresponse()
        data = answer.read(MOST_ANSWER_BYTES + 1)
        if len(data) > MOST_ANSWER_BYTES:
            self.close()
            raise InfluxUnreachable(f"the answer has more than {MOST_ANSWER_BYTES} bytes")
        return InfluxAnswer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)

    def _connected(self) -> HTTPConnection:
        host, port = self._split.hostname or "", self._split.port
        self._authorization = authorization(self.url.version, secret_of(self._token))
        if self._split.scheme == "https":
            context = ssl.create_default_context()
            self._connection = HTTPSConnection(host, port, timeout=SOCKET_SECONDS, context=context)
        else:
            self._connection = HTTPConnection(host, port, timeout=SOCKET_SECONDS)
        return self._connection


def secret_of(token: str) -> str:
    """The token itself, also from where a reference leads.

    Raises:
        SecretMissing: there is none.
    """
    is_reference = token.startswith("file:") or (token.startswith("${") and token.endswith("}"))
    return resolve(token) if is_reference else token


def authorization(version: int, token: str) -> dict[str, str]:
    """The header for a token; of version 1 (and VictoriaMetrics) it may be `user:password`."""
    if not token:
        return {}
    if version == 1 and ":" in token:
        return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}
    return {"Authorization": f"{'Token' if version == 2 else 'Bearer'} {token}"}


def _zipped(lines: str) -> bytes:
    return gzip.compress(lines.encode(), 1)

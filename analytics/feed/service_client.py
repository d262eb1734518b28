"""HTTP client of the commands: posts batches, retries when that is safe, and returns receipts."""

import gzip
import ipaddress
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
import requests.auth

from analytics.feed.errors import DeniedError, RefusedError, UnreachableError
from analytics.feed.receipt import Receipt
from analytics.feed.replies import body_of, explained, retry_after, said

Item = Mapping[str, Any]
T = TypeVar("T")

_RETRY_STATUSES = frozenset({429, 502, 503, 504})
"""Too many requests, and a gateway or service that is not ready."""
_DENIED_STATUSES = frozenset({401, 403})
_FIRST_PAUSE, _MAX_PAUSE = 0.2, 5.0
_JSON, _NDJSON = "application/json", "application/x-ndjson"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_GZIP: Mapping[str, str] = MappingProxyType({"Content-Encoding": "gzip"})
_TIMEOUT = (5.0, 30.0)  # seconds to connect, seconds between bytes of the answer


class OnWait(Protocol):
    """Called before each wait, with the reason and the seconds to wait."""

    def __call__(self, reason: str, pause: float, /) -> None: ...


class ServiceClient:
    """Posts JSON to one service, and retries each call for at most `patience` seconds.

    Items should have an `id`, so that a retry after a lost answer is safe: the service counts an id once within ten
    minutes. Keep `patience` below that.

    Args:
        key: a key of the service; empty for none.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        patience: float = 30.0,
        on_wait: OnWait = lambda reason, pause: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.url = url.rstrip("/")
        self.patience = patience
        self.on_wait = on_wait
        """May be replaced at any time."""
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self._session = requests.Session()
        # A proxy from the environment could not reach a service on this machine.
        self._session.trust_env = not _is_loopback(self.url)
        if key:
            self._session.auth = _Bearer(key)

    def events(self, items: Sequence[Item]) -> Receipt:
        """Post a batch of events."""
        return self._batch("/events", items, _encode, _JSON)

    def metrics(self, items: Sequence[Item]) -> Receipt:
        """Post a batch of metrics."""
        return self._batch("/metrics", items, _encode, _JSON)

    def spans(self, items: Sequence[Item]) -> Receipt:
        """Post a batch of spans."""
        return self._batch("/spans", items, _encode, _JSON)

    def lines(self, path: str, lines: Sequence[bytes]) -> Receipt:
        """Post items that are already encoded as JSON: each one line, not blank."""
        return self._batch(path, lines, b"\n".join, _NDJSON)

    def logs(self, lines: Sequence[bytes]) -> Receipt:
        """Post log lines that are already encoded as JSON, compressed."""
        return self._batch("/logs", lines, _zipped, _NDJSON, _GZIP)

    def heartbeat(self, item: Item) -> None:
        """Post one heartbeat."""
        response = self._call("POST", "/heartbeat", _encode(item), _JSON)
        if response.status_code != 200:
            raise self._refusal(response)

    def put(self, path: str, item: Item) -> dict[str, Any]:
        """Put a resource; returns the answer of the service."""
        response = self._call("PUT", path, _encode(item), _JSON)
        if response.status_code not in (200, 201):
            raise self._refusal(response)
        return body_of(response) or {}

    def post(self, path: str, item: Item) -> dict[str, Any]:
        """Post to a resource; returns the answer of the service. Without `patience` it is tried once only."""
        response = self._call("POST", path, _encode(item), _JSON)
        body = body_of(response)
        if response.status_code not in (200, 201) or body is None:
            raise self._refusal(response)
        return body

    def delete(self, path: str) -> dict[str, Any]:
        """Delete a resource, or several; returns the answer of the service, often empty."""
        response = self._call("DELETE", path)
        if response.status_code not in (200, 204):
            raise self._refusal(response)
        return body_of(response) or {}

    def get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Get the JSON object at `path`."""
        response = self._call("GET", f"{path}?{urlencode(query)}")
        body = body_of(response)
        if response.status_code != 200 or body is None:
            raise self._refusal(response)
        return body

    def download(self, path: str, query: Sequence[tuple[str, str]]) -> requests.Response:
        """Get a response whose body, gzipped if possible, the caller reads from `raw`."""
        response = self._call("GET", f"{path}?{urlencode(query)}", headers={"Accept-Encoding": "gzip"}, stream=True)
        if response.status_code != 200:
            raise self._refusal(response)
        return response

    def total_events(self) -> int | None:
        """Number of events in the service, by `/health`; None if it does not say, as to keys that may not read."""
        response = self._call("GET", "/health")
        if response.status_code != 200:
            raise self._refusal(response)
        stats = (body_of(response) or {}).get("stats")
        total = stats.get("total_events") if isinstance(stats, Mapping) else None
        return total if isinstance(total, int) else None

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> "ServiceClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _batch(
        self,
        path: str,
        items: Sequence[T],
        encode: Callable[[Sequence[T]], bytes],
        media_type: str,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> Receipt:
        if not items:
            return Receipt()
        response = self._call("POST", path, encode(items), media_type, headers)
        if response.status_code == 413 and len(items) > 1:
            half = len(items) // 2
            first, second = (
                self._batch(path, part, encode, media_type, headers) for part in (items[:half], items[half:])
            )
            return first.followed_by(second, half)
        # A 400 with counts is the receipt of a batch in which no item was acceptable.
        receipt = Receipt.from_json(body_of(response)) if response.status_code in (200, 400) else None
        if receipt is None:
            raise self._refusal(response)
        if receipt.items != len(items):
            raise RefusedError(f"{self.url}{path} accounts for {receipt.items} of {len(items)} items sent")
        return receipt

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        media_type: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        *,
        stream: bool = False,
    ) -> requests.Response:
        deadline = self._clock() + self.patience
        pause = _FIRST_PAUSE
        while True:
            try:
                response = self._session.request(
                    method,
                    self.url + path,
                    data=body,
                    headers={**headers, **({"Content-Type": media_type} if media_type else {})},
                    timeout=_TIMEOUT,
                    stream=stream,
                    # A redirect would turn POST into GET.
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError as error:
                raise RefusedError(f"no secure connection to {self.url}: {error}") from None
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                reason, wait = f"cannot reach {self.url}: {explained(error)}", None
            except requests.RequestException as error:
                raise RefusedError(f"cannot use {self.url}: {error}") from None
            else:
                if response.status_code in _DENIED_STATUSES:
                    with response:
                        raise self._denial(response)
                if response.status_code not in _RETRY_STATUSES:
                    return response
                reason = f"{self.url} is not ready: {said(response)}"
                wait = retry_after(response)
            # Jitter, so that clients that lost the connection together do not retry together.
            wait = pause * (0.5 + self._jitter() / 2) if wait is None else wait + self._jitter() * _FIRST_PAUSE
            if self._clock() + wait > deadline:
                raise UnreachableError(reason)
            self.on_wait(reason, wait)
            self._sleep(wait)
            pause = min(pause * 2, _MAX_PAUSE)

    def _refusal(self, response: requests.Response) -> RefusedError:
        return RefusedError(f"{self._refuses(response)}: {said(response)}")

    def _denial(self, response: requests.Response) -> DeniedError:
        if self._session.auth is not None:
            return DeniedError(f"{self._refuses(response)} with this key: {said(response)}")
        if response.status_code == 401:
            return DeniedError(f"{self._refuses(response)} without a key: set ANALYTICS_KEY, or use --key-file")
        return DeniedError(f"{self._refuses(response)}: {said(response)}")

    def _refuses(self, response: requests.Response) -> str:
        return f"{self.url} refuses {response.request.method} {urlsplit(response.request.url or '').path}"


class _Bearer(requests.auth.AuthBase):
    """Sends a key. A plain header would lose against a password in ~/.netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _encode(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _zipped(lines: Sequence[bytes]) -> bytes:
    return gzip.compress(b"\n".join(lines), 5)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""The one HTTP client of the feeds: posts batches, tries again when that is safe, returns receipts."""

import ipaddress
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
import urllib3.exceptions
from urllib3.util import Retry

from analytics.feed.receipt import Receipt

Item = Mapping[str, Any]
T = TypeVar("T")

#: Answers that ask for another try: too many requests, and a gateway or service that is not ready.
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_JSON = "application/json"
_TIMEOUT = (5.0, 30.0)  # seconds to connect, seconds between bytes of the answer


class FeedError(Exception):
    """Nothing more can be sent; the message is one plain line."""


class UnreachableError(FeedError):
    """The service did not answer, or kept asking for patience, for longer than the sender waits."""


class RefusedError(FeedError):
    """The service answered, and trying again would not help."""


class OnWait(Protocol):
    """Is told each time the sender is about to wait: what went wrong, and for how many seconds."""

    def __call__(self, trouble: str, pause: float, /) -> None: ...


class Sender:
    """Posts JSON to one service until it is taken, waiting at most `patience` seconds in all for one call.

    Items should carry an `id`: the service counts an id once within ten minutes, which makes it safe to
    post a batch again after its answer was lost. Keep `patience` below that.
    """

    def __init__(
        self,
        url: str,
        *,
        patience: float = 30.0,
        on_wait: OnWait = lambda trouble, pause: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.url = url.rstrip("/")
        self.patience = patience
        #: May be exchanged at any time.
        self.on_wait = on_wait
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self._session = requests.Session()
        # A proxy that the environment names for the outside world would not find this machine's own service.
        self._session.trust_env = not _is_loopback(self.url)

    def events(self, items: Sequence[Item]) -> Receipt:
        return self._batch("/events", items, _encode, _JSON)

    def metrics(self, items: Sequence[Item]) -> Receipt:
        return self._batch("/metrics", items, _encode, _JSON)

    def lines(self, path: str, lines: Sequence[bytes]) -> Receipt:
        """Post items that are JSON already, each on one line and none of them blank."""
        return self._batch(path, lines, b"\n".join, "application/x-ndjson")

    def heartbeat(self, item: Item) -> None:
        response = self._call("POST", "/heartbeat", _encode(item), _JSON)
        if response.status_code != 200:
            raise self._refusal(response)

    def download(self, path: str, asked: Sequence[tuple[str, str]]) -> requests.Response:
        """A successful answer whose body, gzipped if possible, is still to be read from `raw`."""
        response = self._call("GET", f"{path}?{urlencode(asked)}", headers={"Accept-Encoding": "gzip"}, stream=True)
        if response.status_code != 200:
            raise self._refusal(response)
        return response

    def total_events(self) -> int:
        """How many events the service says it holds; 0 when it does not say."""
        response = self._call("GET", "/health")
        if response.status_code != 200:
            raise self._refusal(response)
        stats = (_body(response) or {}).get("stats")
        total = stats.get("total_events") if isinstance(stats, Mapping) else None
        return total if isinstance(total, int) else 0

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _batch(self, path: str, items: Sequence[T], encode: Callable[[Sequence[T]], bytes], media_type: str) -> Receipt:
        if not items:
            return Receipt()
        response = self._call("POST", path, encode(items), media_type)
        if response.status_code == 413 and len(items) > 1:
            half = len(items) // 2
            first, second = (self._batch(path, part, encode, media_type) for part in (items[:half], items[half:]))
            return first.followed_by(second, half)
        # 400 with counts is the receipt of a batch in which nothing was acceptable.
        receipt = Receipt.from_json(_body(response)) if response.status_code in (200, 400) else None
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
        headers: Mapping[str, str] = MappingProxyType({}),
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
                    # A redirected POST would come back as a GET.
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError as error:
                raise RefusedError(f"no secure connection to {self.url}: {error}") from None
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                trouble, wait = f"cannot reach {self.url}: {_plain(error)}", None
            except requests.RequestException as error:
                raise RefusedError(f"cannot use {self.url}: {error}") from None
            else:
                if response.status_code not in _TRY_AGAIN:
                    return response
                trouble = f"{self.url} is not ready: {_says(response)}"
                wait = _retry_after(response)
            # Jitter, so that clients that were cut off together do not come back together.
            wait = pause * (0.5 + self._jitter() / 2) if wait is None else wait + self._jitter() * _FIRST_PAUSE
            if self._clock() + wait > deadline:
                raise UnreachableError(trouble)
            self.on_wait(trouble, wait)
            self._sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _refusal(self, response: requests.Response) -> RefusedError:
        path = urlsplit(response.request.url or "").path
        return RefusedError(f"{self.url} refuses {response.request.method} {path}: {_says(response)}")


def _encode(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _body(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _says(response: requests.Response) -> str:
    error = (_body(response) or {}).get("error")
    message = error.get("message") if isinstance(error, Mapping) else None
    if response.is_redirect:
        message = f"moved to {response.headers['Location']}"
    elif message is None and response.ok:
        message = "this is not how the analytics service answers"
    return f"HTTP {response.status_code}, {message or response.reason or 'no reason given'}"


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the answer asks to wait; None when it does not say, or says it in no known form."""
    value = response.headers.get("Retry-After")
    try:
        return None if value is None else Retry().parse_retry_after(value)
    except urllib3.exceptions.InvalidHeader:
        return None


def _plain(error: BaseException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    cause = error.args[0] if error.args else error
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "its host name is not known"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "connection refused" if "refused" in str(reason).lower() else str(reason).rpartition(": ")[2]
    return "the connection was cut"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""One POST to the service over a session that is kept, and what came of it; nothing is raised."""

import ipaddress
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import requests

NO_ANSWER = 0


class Answer(NamedTuple):
    """An answer: `status` is 0 where none came, `body` its JSON object, `says` the trouble in plain words.

    `retry_after` is how many seconds it asks to wait.
    """

    status: int
    body: Mapping[str, Any] | None = None
    retry_after: float | None = None
    says: str = ""


class Transport(Protocol):
    """Posts JSON to a path and never raises."""

    def post(self, path: str, payload: bytes) -> Answer: ...

    def close(self) -> None: ...


class HttpTransport:
    """Posts over one session; for one thread at a time.

    Args:
        timeout: seconds to connect, and between bytes of the answer.
    """

    def __init__(self, base_url: str, timeout: tuple[float, float]) -> None:
        self._url, self._timeout = base_url, timeout
        self._session = requests.Session()
        # a proxy that the environment names for the outside world would not find this machine's own service
        self._session.trust_env = not _is_loopback(base_url)
        self._session.headers["User-Agent"] = "analytics-sdk-python"

    def post(self, path: str, payload: bytes) -> Answer:
        """The answer, or what stood in its way."""
        try:
            response = self._session.post(
                self._url + path,
                data=payload,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,  # a redirected POST would come back as a GET
            )
        except requests.Timeout:
            return Answer(NO_ANSWER, says=f"no answer from {self._url} in time")
        except Exception as error:  # noqa: BLE001 - whatever the libraries below raise, the items are to be kept
            return Answer(NO_ANSWER, says=f"cannot reach {self._url}: {_plain(error)}")
        says = f"HTTP {response.status_code}"
        if response.is_redirect:
            says += f", moved to {response.headers['Location']}"
        wait = retry_after(response.headers, datetime.now(UTC))
        return Answer(response.status_code, _json_object(response), wait, says)

    def close(self) -> None:
        """Close what is kept open."""
        self._session.close()


def _plain(error: BaseException) -> str:
    """The last cause that libraries wrapped: `[Errno 111] Connection refused`."""
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause)).rpartition(": ")[2] or type(error).__name__


def _json_object(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """How many seconds an answer asks for: a number, or a date by its own clock if it has one (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        sent = parsedate_to_datetime(headers["Date"]) if "Date" in headers else now
        return max(0.0, (until.astimezone(UTC) - sent.astimezone(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

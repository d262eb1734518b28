"""HTTP transport: POST over a persistent session. Failures are returned, not raised."""

import ipaddress
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import requests

from .key import Bearer

NO_ANSWER = 0


class Answer(NamedTuple):
    """Answer to a POST.

    `status` is 0 if none came, `body` its JSON object if it is one, `retry_after` in seconds, and `says` a description
    for people.
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
    """Posts over one session; not thread-safe.

    Args:
        timeout: seconds to connect, and seconds between bytes of the answer.
        key: a key of the service; empty for none.
    """

    def __init__(self, base_url: str, timeout: tuple[float, float], key: str = "") -> None:
        self._url, self._timeout = base_url, timeout
        self._session = requests.Session()
        # a proxy from the environment cannot reach a service on this machine
        self._session.trust_env = not _is_loopback(base_url)
        self._session.headers["User-Agent"] = "analytics-sdk-python"
        if key:
            self._session.auth = Bearer(key)

    def post(self, path: str, payload: bytes) -> Answer:
        """Post JSON and return the answer, or the failure with status 0."""
        try:
            response = self._session.post(
                self._url + path,
                data=payload,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,  # a redirected POST would become a GET
            )
        except requests.Timeout:
            return Answer(NO_ANSWER, says=f"no answer from {self._url} in time")
        except Exception as error:  # noqa: BLE001 - whatever fails, the items are kept and sent again
            return Answer(NO_ANSWER, says=f"cannot reach {self._url}: {_plain(error)}")
        says = f"HTTP {response.status_code}"
        if response.is_redirect:
            says += f", moved to {response.headers['Location']}"
        wait = retry_after(response.headers, datetime.now(UTC))
        return Answer(response.status_code, _json_object(response), wait, says)

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def _plain(error: BaseException) -> str:
    """Innermost cause of a wrapped error: `[Errno 111] Connection refused`."""
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause)).rpartition(": ")[2] or type(error).__name__


def _json_object(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Retry-After in seconds (RFC 9110, 10.2.3); a date is compared with the answer's own Date, else with `now`."""
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

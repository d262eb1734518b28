"""What the answers and failures of requests of the commands say, for people."""

from collections.abc import Mapping
from typing import Any

import requests
import urllib3.exceptions
from urllib3.util import Retry


def body_of(response: requests.Response) -> dict[str, Any] | None:
    """The object in an answer; None if there is none."""
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def said(response: requests.Response) -> str:
    """The status of an answer and why, for people."""
    error = (body_of(response) or {}).get("error")
    message = error.get("message") if isinstance(error, Mapping) else None
    if response.is_redirect:
        message = f"moved to {response.headers['Location']}"
    elif message is None and response.ok:
        message = "this is not an answer of the analytics service"
    return f"HTTP {response.status_code}, {message or response.reason or 'no reason given'}"


def retry_after(response: requests.Response) -> float | None:
    """Seconds to wait according to the Retry-After header; None if it is missing or malformed."""
    value = response.headers.get("Retry-After")
    try:
        return None if value is None else Retry().parse_retry_after(value)
    except urllib3.exceptions.InvalidHeader:
        return None


def explained(error: BaseException) -> str:
    """Why a service could not be reached, for people."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    cause = error.args[0] if error.args else error
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "unknown host name"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "connection refused" if "refused" in str(reason).lower() else str(reason).rpartition(": ")[2]
    return "the connection was closed"

"""Posts requests to receivers, and says what their answers mean."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from analytics.alerts.notify.delivery import ANSWER_CHARACTERS, NotDelivered, ReceiverServices
from analytics.alerts.notify.destinations import Unreachable
from analytics.alerts.notify.http import HttpAnswer, HttpRequest

GONE = 410
LONGEST_WAIT = 3_600.0
"""The longest time that a receiver may ask for, in seconds."""


def post_json(services: ReceiverServices, url: str, body: Any, headers: dict[str, str] | None = None) -> str:
    """Post a body as JSON; returns the answer in words, raises NotDelivered."""
    given = {"Content-Type": "application/json", **(headers or {})}
    return post(services, HttpRequest(url, msgspec.json.encode(body), given))


def post(services: ReceiverServices, request: HttpRequest) -> str:
    """Send a request; returns the answer in words.

    Raises:
        NotDelivered: there is no answer, or it is no success.
    """
    try:
        answer = services.http.send(request)
    except Unreachable as error:
        raise NotDelivered(str(error)) from None
    said = f"{answer.status} {answer.reason}: {answer.text.strip()[:ANSWER_CHARACTERS]}".rstrip(": ")
    if 200 <= answer.status < 300:
        return said
    if 300 <= answer.status < 400:
        raise NotDelivered(
            f"{answer.status} {answer.reason}: redirects are not followed, use the address that is meant"
        )
    raise NotDelivered(said, retry_after=_retry_after(answer, services.now()), is_over=answer.status == GONE)


def _retry_after(answer: HttpAnswer, now: float) -> float | None:
    given = answer.headers.get("retry-after", "")
    if given.isascii() and given.isdigit():
        return min(float(given), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(given)
    except (ValueError, OverflowError):  # the latter for a zone of many digits
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.fromtimestamp(now, UTC)).total_seconds()), LONGEST_WAIT)

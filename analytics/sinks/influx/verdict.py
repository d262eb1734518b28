"""The meaning of an answer to a write: taken, refused in part or as a whole, too large, or to be tried again."""

import re
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

import msgspec

from analytics.sinks.influx.client import InfluxAnswer

MOST_MESSAGE = 200
"""Characters of a message that are shown."""
MOST_WAIT = 3_600.0
"""Seconds that a Retry-After is honoured at most."""
MISCONFIGURED_SECONDS = 30.0
"""How long a database is left alone that does not know the token or the name: somebody must change something."""
_DROPPED = re.compile(r"dropped=(\d+)")

Meaning = Literal["taken", "refused", "too_large", "again"]


class Verdict(NamedTuple):
    """The next step.

    Attributes:
        refused: how many lines were refused; None for all.
        wait: seconds after which to try again; None for the usual pause.
    """

    meaning: Meaning
    message: str = ""
    refused: int | None = None
    wait: float | None = None


def verdict(answer: InfluxAnswer, now: float) -> Verdict:
    """The meaning of an answer; `now` is in seconds since the epoch."""
    status = answer.status
    if status in (200, 204):
        return Verdict("taken")
    text, lines = _explained(answer)
    message = f"{status}: {text}" if text else str(status)
    if status == 413:
        return Verdict("too_large", message)
    if status in (400, 422):
        return Verdict("refused", message, lines)
    if status in (429, 503):
        return Verdict("again", message, wait=_retry_after(answer.headers.get("retry-after", ""), now))
    return Verdict("again", message, wait=MISCONFIGURED_SECONDS if status < 500 else None)


class _Line(msgspec.Struct):
    line_number: int = 0
    error_message: str = ""


class _Error(msgspec.Struct):
    """The error of any version."""

    error: str = ""
    message: str = ""
    data: list[_Line] | _Line | None = None


_decode = msgspec.json.Decoder(_Error).decode


def _explained(answer: InfluxAnswer) -> tuple[str, int | None]:
    """The message of an error, and how many lines were refused, if only some were."""
    try:
        error = _decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _shortened(answer.body[: 4 * MOST_MESSAGE].decode(errors="replace")), None
    text = error.message or error.error
    dropped = _DROPPED.search(text)
    lines = int(dropped[1]) if dropped and "partial write" in text else None
    if isinstance(error.data, list) and error.data:
        text, lines = f"{text}: {error.data[0].error_message}", len(error.data)
    return _shortened(text), lines


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_MESSAGE else f"{text[:MOST_MESSAGE]}…"


def _retry_after(text: str, now: float) -> float | None:
    """Seconds from a Retry-After, which is a number of them or a date."""
    try:
        seconds = float(text) if text.isdigit() else parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), MOST_WAIT)

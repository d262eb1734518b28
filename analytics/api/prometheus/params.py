"""Parameters of the Prometheus API: from the query, or from a form in the body."""

import math
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl

from flask import request

from analytics.doors.body import BodyReader
from analytics.promql.errors import BadQuery
from analytics.promql.text import milliseconds, parsed_float

FORM = "application/x-www-form-urlencoded"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FARTHEST = 2**53
_MOST_PARAMETERS = 1_000


class Params:
    """The parameters of the current request. Those that are not known are ignored, as Prometheus does."""

    def __init__(self, bodies: BodyReader) -> None:
        self._values: dict[str, list[str]] = {name: list(texts) for name, texts in request.args.lists()}
        if request.method == "POST" and (
            request.content_length or "chunked" in request.headers.get("Transfer-Encoding", "")
        ):
            body = bodies.read(request.environ)
            try:
                pairs = parse_qsl(body.data.decode(), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
            except (UnicodeDecodeError, ValueError) as error:
                raise BadQuery(f"error parsing form values: {error}") from None
            for name, text in pairs:
                self._values.setdefault(name, []).append(text)

    def all(self, name: str) -> Sequence[str]:
        """All values of a parameter."""
        return self._values.get(name, ())

    def get(self, name: str) -> str:
        """The first value; empty if there is none."""
        return next(iter(self.all(name)), "")

    def needed(self, name: str) -> str:
        """The first value. Raises `BadQuery` if there is none."""
        text = self.get(name)
        if not text:
            raise BadQuery(f'invalid parameter "{name}": parameter is missing')
        return text

    def time(self, name: str, default: float | None = None) -> int:
        """A time in milliseconds: seconds since the epoch, or RFC 3339; without one the default in seconds."""
        text = self.get(name)
        if not text and default is not None:
            return round(default * 1000)
        return self._milliseconds(name, text)

    def duration(self, name: str, default: int) -> int:
        """A duration in milliseconds: seconds, or such as `5m`; the default if it is missing."""
        text = self.get(name)
        try:
            return milliseconds(text) if text else default
        except BadQuery as error:
            raise BadQuery(f'invalid parameter "{name}": {error.message}') from None

    def count(self, name: str) -> int:
        """A number that is not negative; 0 if it is missing."""
        text = self.get(name)
        if not text:
            return 0
        if not re.fullmatch("[0-9]{1,15}", text):
            raise BadQuery(f'invalid parameter "{name}": limit must be a non-negative number')
        return int(text)

    def _milliseconds(self, name: str, text: str) -> int:
        try:
            if _RFC3339.fullmatch(text):
                whole, _, rest = text.partition(".")
                fraction = re.match(r"\d*", rest)
                digits = fraction[0] if fraction else ""
                at = datetime.fromisoformat(whole + rest[len(digits) :]).timestamp()
                return round(at * 1000) + (int(digits.ljust(3, "0")[:3]) if digits else 0)
            seconds = parsed_float(text)
            if not math.isfinite(seconds) or abs(seconds) * 1000 > _FARTHEST:
                raise ValueError
            return round(seconds * 1000)
        except (ValueError, OverflowError):
            raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp') from None

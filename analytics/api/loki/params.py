"""Parameters of Loki's API, which has times in nanoseconds."""

import math
import re
from datetime import datetime

from analytics.api.prometheus.params import Params
from analytics.doors.body import BodyReader
from analytics.logql.errors import BadLogQuery
from analytics.logql.tokens import nanoseconds
from analytics.promql.errors import BadQuery

NANOSECONDS = 1_000_000_000
USUAL_LIMIT, MOST_LIMIT = 100, 5_000
"""Lines of an answer."""
USUAL_SPAN = 3_600 * NANOSECONDS
USUAL_STEPS = 250
"""Steps of a range whose step is not given."""
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MOST_SECOND_DIGITS = 10
_FARTHEST = 2**62


class LokiParams(Params):
    """The parameters of the current request."""

    def __init__(self, bodies: BodyReader, now: float) -> None:
        try:
            super().__init__(bodies)
        except BadQuery as error:
            raise BadLogQuery(error.message) from None
        self.now = round(now * NANOSECONDS)

    def asked(self, name: str) -> str:
        """A parameter that has to be there.

        Raises:
            BadLogQuery: it is not.
        """
        text = self.get(name)
        if not text:
            raise BadLogQuery(f"the parameter {name} is missing")
        return text

    def moment(self, name: str, default: int) -> int:
        """A time in nanoseconds: whole nanoseconds, seconds with or without a fraction, or RFC 3339."""
        text = self.get(name)
        if not text:
            return default
        found = _moment(text)
        if found is None or abs(found) > _FARTHEST:
            raise BadLogQuery(f'the parameter {name} is not a time: "{text[:50]}"')
        return found

    def span(self) -> tuple[int, int]:
        """The first time and the last one: the last hour if nothing is given."""
        end = self.moment("end", self.now)
        return self.moment("start", end - self.length("since", USUAL_SPAN)), end

    def length(self, name: str, default: int) -> int:
        """A duration in nanoseconds: such as `5m`, or seconds."""
        text = self.get(name)
        if not text:
            return default
        found = nanoseconds(text)
        if found is None:
            try:
                seconds = float(text)
            except ValueError:
                seconds = math.nan
            if not math.isfinite(seconds) or abs(seconds) * NANOSECONDS > _FARTHEST:
                raise BadLogQuery(f'cannot parse "{text[:50]}" to a valid duration')
            found = round(seconds * NANOSECONDS)
        return found

    def step(self, start: int, end: int) -> int:
        """The step of a range."""
        usual = max(NANOSECONDS, (end - start) // USUAL_STEPS // NANOSECONDS * NANOSECONDS)
        return self.length("step", usual)

    def lines(self) -> int:
        """How many lines are asked for."""
        text = self.get("limit")
        if not text:
            return USUAL_LIMIT
        if not re.fullmatch("[0-9]{1,9}", text):
            raise BadLogQuery(f'limit must be a positive value: "{text[:20]}"')
        limit = int(text)
        if limit > MOST_LIMIT:
            raise BadLogQuery(
                f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {MOST_LIMIT})"
            )
        return limit

    def is_ascending(self) -> bool:
        """Whether the oldest lines come first."""
        text = self.get("direction").lower() or "backward"
        if text not in ("backward", "forward"):
            raise BadLogQuery(f'invalid direction "{text[:20]}": forward and backward are possible')
        return text == "forward"


def _moment(text: str) -> int | None:
    if re.fullmatch(r"-?[0-9]{1,19}", text):
        whole = int(text)
        return whole * NANOSECONDS if len(text) <= _MOST_SECOND_DIGITS else whole
    if match := _RFC3339.fullmatch(text):
        try:
            at = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
        except ValueError:
            return None
        return int(at.timestamp()) * NANOSECONDS + int((match[2] or "0").ljust(9, "0"))
    try:
        seconds = float(text)
    except ValueError:
        return None
    return round(seconds * NANOSECONDS) if math.isfinite(seconds) and abs(seconds) < _FARTHEST / NANOSECONDS else None

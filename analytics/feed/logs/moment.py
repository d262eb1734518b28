"""Times in a strftime format, such as Apache's `%{%d/%b/%Y:%H:%M:%S}t %{%z}t`."""

import re
from collections.abc import Mapping

from analytics.feed.logs.record import MONTHS, iso_time

YEAR, SHORT_YEAR, MONTH, MONTH_NAME, DAY = "year", "short_year", "month", "month_name", "day"
HOUR, MINUTE, SECOND, ZONE = "hour", "minute", "second", "zone"
EPOCH = "epoch"
_TWO = r"\d\d"
_PARTS = {
    "Y": (YEAR, r"\d{4}"),
    "y": (SHORT_YEAR, _TWO),
    "m": (MONTH, _TWO),
    "b": (MONTH_NAME, "[A-Za-z]{3}"),
    "h": (MONTH_NAME, "[A-Za-z]{3}"),
    "d": (DAY, _TWO),
    "e": (DAY, r"[ \d]\d"),
    "H": (HOUR, _TWO),
    "M": (MINUTE, _TWO),
    "S": (SECOND, _TWO),
    "z": (ZONE, r"[+-]\d{4}"),
    "s": (EPOCH, r"\d+"),
}
_SHORT = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y"}
_DIRECTIVE = re.compile(r"%([A-Za-z%])")


def time_pattern(form: str) -> tuple[str, list[str]]:
    """A regular expression for times in a strftime format, and the meanings of its groups."""
    for short, long in _SHORT.items():
        form = form.replace(short, long)
    parts: list[str] = []
    meanings: list[str] = []
    at = 0
    for match in _DIRECTIVE.finditer(form):
        parts.append(re.escape(form[at : match.start()]))
        meaning, pattern = _PARTS.get(match[1], (None, "%" if match[1] == "%" else r"\S+?"))
        parts.append(pattern if meaning is None else f"({pattern})")
        meanings += [] if meaning is None else [meaning]
        at = match.end()
    return "".join(parts) + re.escape(form[at:]), meanings


def is_complete(meanings: set[str]) -> bool:
    """Whether these parts are a complete date."""
    return bool(meanings & {YEAR, SHORT_YEAR}) and bool(meanings & {MONTH, MONTH_NAME}) and DAY in meanings


def seconds(found: Mapping[str, str]) -> int:
    """Seconds since the epoch; a time without a zone is UTC.

    Raises:
        DamagedLineError: the time does not exist.
    """
    year = found.get(YEAR) or f"20{found.get(SHORT_YEAR)}"
    month = found.get(MONTH) or f"{MONTHS.get(found.get(MONTH_NAME, ''), 0):02}"
    date = f"{year}-{month}-{found[DAY].replace(' ', '0')}"
    time = ":".join(found.get(part, "00") for part in (HOUR, MINUTE, SECOND))
    return iso_time(f"{date}T{time}{found.get(ZONE, '+0000')}")

"""Equality of texts, numbers and times: one definition for records in memory and for SQL."""

import re
from datetime import UTC, date, datetime, timedelta

NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
"""A number as JSON writes it; a text of this form counts as one."""
WHOLE = "-?[0-9]+"
OWN_ID = "[0-9a-f]{10}-[0-9a-f]+-[0-9]+-[0-9]+"
"""Form of the ids that the server assigns: a text search finds them by the whole id only."""
EXACT_DIGITS = 15
"""Digits of whole numbers that a double tells apart; longer ones are equal only digit by digit."""
FOLDED_FROM = {"i": "\u0130", "\u03c3": "\u03c2", "\u03b8": "\u03f4", "\u00df": "\u1e9e"} | {
    "\u03c9": "\u2126",
    "k": "\u212a",
    "\u00e5": "\u212b",
}
"""By folded character, the one that folds to it besides its upper and title case."""

_is_number = re.compile(NUMBER).fullmatch
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The first and last microsecond of the years 1 to 9999."""
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt](\d\d:\d\d)(:\d\d)?(\.\d{1,6})?(?:([Zz])|([+-]\d\d:\d\d)))?", re.ASCII
).fullmatch


def fold(text: str) -> str:
    """The text in lower case, character by character, so that a text folds alike whatever is around it."""
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower().replace("\u03c2", "\u03c3")


def number(text: str) -> float | None:
    """The number that a text is written as; None for other texts."""
    return float(text) if _is_number(text) else None


def is_exact_number(text: str) -> bool:
    """Whether the text is a number that may be compared as a double: not a whole one with many digits."""
    return _is_number(text) is not None and not (text.lstrip("-").isdigit() and len(text.lstrip("-")) > EXACT_DIGITS)


def moment(text: str) -> tuple[int, int] | None:
    """First microsecond of a day or time, and the first after it; None for other texts.

    A time has an offset and may leave out seconds: 2024-01-15, 2024-01-15T10:30Z, 2024-01-15T10:30:00.250+01:00.
    """
    found = _TIME(text)
    if found is None:
        return None
    day, minute, second, fraction, zulu, offset = found.groups()
    try:
        if minute is None:
            first = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
            length = timedelta(days=1)
        else:
            zone = "+00:00" if zulu else offset
            first = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{(fraction or '.0').ljust(7, '0')}{zone}")
            length = (
                timedelta(minutes=1)
                if second is None
                else timedelta(seconds=1)
                if fraction is None
                else timedelta(seconds=10.0 ** -(len(fraction) - 1))
            )
        start = microseconds(first)
    except (ValueError, OverflowError):
        return None
    return start, start + length // _MICROSECOND


def microseconds(when: datetime) -> int:
    """Microseconds since the epoch."""
    return (when - _EPOCH) // _MICROSECOND


def as_datetime(at: int) -> datetime:
    """Microseconds since the epoch as a time in UTC without a zone, as SQL has it; at most the calendar's ends."""
    return (_EPOCH + timedelta(microseconds=min(max(at, _FIRST), _LAST))).replace(tzinfo=None)

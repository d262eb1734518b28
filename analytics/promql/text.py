"""Numbers as text, as Prometheus writes them, and durations.

Go's `strconv.FormatFloat(value, 'f', -1, 64)` writes the shortest digits that read back as the same number, without an
exponent; JSON answers use it for all values.
"""

import math
import re

from analytics.promql.errors import BadQuery

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_DURATION = re.compile("".join(rf"(?:(\d{{1,19}}){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")), re.ASCII)
_ORDER = ("y", "w", "d", "h", "m", "s", "ms")


def plain(value: float) -> str:
    """Shortest digits without an exponent, for JSON and `count_values`."""
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        return _without_exponent(text)
    return text[:-2] if text.endswith(".0") else text


def float_text(value: float) -> str:
    """Shortest digits, with an exponent below -4 or above 20, for messages and histograms (Go's `%g`)."""
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    if 1e-4 <= abs(value) < 1e21:
        return plain(value)
    digits, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        digits, _, exponent = f"{value:e}".partition("e")
        shortest = f"{value!r}".lstrip("-0.").rstrip("0")
        digits = ("-" if value < 0 else "") + shortest[0] + ("." + shortest[1:] if len(shortest) > 1 else "")
    digits = digits.removesuffix(".0")
    power = int(exponent)
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _without_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    digits = digits if fraction != "0" else whole
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"


def parsed_float(text: str) -> float:
    """A number as in a label or a parameter. Raises `ValueError` for anything else."""
    if "_" in text or not text.isascii() or text != text.strip():
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def milliseconds(text: str) -> int:
    """A duration such as `1h30m`, or a number of seconds, in milliseconds.

    Raises:
        BadQuery: it is neither.
    """
    try:
        seconds = parsed_float(text)
    except ValueError:
        found = _DURATION.fullmatch(text)
        if not found or not text:
            raise BadQuery(f'cannot parse "{text}" to a valid duration') from None
        counts = zip(_ORDER, found.groups(), strict=True)
        seconds = sum(int(count) * _UNITS[unit] for unit, count in counts if count) / 1000
    if not abs(seconds) < 9e15:
        raise BadQuery(f'cannot parse "{text}" to a valid duration. It overflows int64')
    return round(seconds * 1000)

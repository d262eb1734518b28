"""Conditions on the level of log lines: the severities that they find."""

from analytics.errors import ValidationFailed
from analytics.filters.testing import fits
from analytics.filters.tree import Equals, Exists, Fits, Ordered, Test
from analytics.log_lines import LEVELS, level_of

SEVERITIES = range(25)
"""All severities; 0 is that of lines that say none."""
OTHER_NAMES = {
    "warning": "warn",
    "err": "error",
    "critical": "fatal",
    "crit": "fatal",
    "emergency": "fatal",
    "notice": "info",
    "information": "info",
}
"""What levels are also called."""


def severities(test: Test) -> frozenset[int]:
    """The severities that a condition finds; its value is a level, or a number.

    Raises:
        ValidationFailed: the value is neither.
    """
    match test:
        case Exists():
            return frozenset(SEVERITIES) - {0}
        case Equals(text=text):
            low, high = severity_range(text)
            return frozenset(range(low, high + 1))
        case Fits(pieces=pieces):
            return frozenset(each for each in SEVERITIES if fits(level_of(each), pieces))
        case Ordered(operator=sign, bound=bound):
            low, high = severity_range(str(bound))
            found = {"<": range(low), "<=": range(high + 1), ">": range(high + 1, 25), ">=": range(low, 25)}[sign]
            return frozenset(found)


def severity_range(text: str) -> tuple[int, int]:
    """The least and the greatest severity of a level, or of a number twice that number.

    Raises:
        ValidationFailed: it is neither.
    """
    if text.isascii() and text.isdigit() and int(text) in SEVERITIES:
        return int(text), int(text)
    name = OTHER_NAMES.get(text.lower(), text.lower())
    found = [each for each in SEVERITIES if level_of(each) == name]
    if not found:
        problem = f"{text[:20]} is not a level, which are {', '.join(LEVELS)}, nor a number up to {SEVERITIES[-1]}."
        raise ValidationFailed(f"q: {problem}", fields={"q": [problem]})
    return found[0], found[-1]

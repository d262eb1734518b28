"""Patterns of personal data and secrets in free text."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

Range = tuple[int, int]
"""Start and end of a part of a text."""
SHORTEST_FIND = 6
"""Shorter texts hold nothing that a pattern finds; `a@b.co` is the shortest."""
LEAST_NUMBER = 10**12
"""Whole numbers below it hold nothing that a pattern finds: payment cards have 13 digits or more."""
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}+@(?:[\w-]{1,63}+\.){1,8}[\w-]{2,63}+")
_CARD_START = re.compile(r"(?<![0-9])[2-6](?=[0-9]{3}(?:[0-9]{9}|[ -][0-9]{4}))")
_CARD_FORMS = [
    re.compile(form + r"(?![0-9])")
    for form in (
        r"[0-9]{13,19}+",
        r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{3}",
        r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}+",
        r"[0-9]{4}([ -])[0-9]{6}\1[0-9]{4,5}+",
    )
]
_SEPARATORS = str.maketrans("", "", " -")
_DOUBLED = str.maketrans("0123456789", "0246813579")
"""Each digit, and the sum of the digits of its double."""
_TOKEN = re.compile(
    r"""
    \b(?:
        (?i:bearer|basic)[ ][\w.~+/=-]{8,}+                     # value of an Authorization header
        | (?:gh[oprsu]|github_pat|glpat|xox[abeprs]|sk|pk|rk|ak)[_-][\w-]{16,}+  # GitHub, GitLab, Slack, Stripe, own
        | (?:AKIA|ASIA)[0-9A-Z]{16}\b                           # AWS
        | AIza[\w-]{35}                                         # Google
    )
    # JSON Web Token, with what stands before it in the same word; only the start of a word is tried
    | (?<![\w-])(?>(?:[\w-]*?-)??eyJ)[\w-]{5,}+\.[\w-]{5,}+\.[\w-]*+
    """,
    re.VERBOSE,
)
"""The time that each pattern takes grows with the length of the text, whatever the text is."""


class Pattern(NamedTuple):
    """A kind of text.

    Attributes:
        ranges: finds all of it in a text, from left to right.
        hint: found in the JSON of every object with such a text, unless it is written with escapes.
    """

    ranges: Callable[[str], Iterator[Range]]
    hint: re.Pattern[bytes]


def _found(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Range]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


def cards(text: str) -> Iterator[Range]:
    """Payment card numbers: 13 to 19 digits with a right check digit, together or in groups with blanks or dashes."""
    place = 0
    for first in _CARD_START.finditer(text):
        start = first.start()
        if start >= place:
            ends = (match.end() for form in _CARD_FORMS if (match := form.match(text, start)))
            place = next((end for end in ends if has_check_digit(text[start:end])), place)
            if place > start:
                yield start, place


def has_check_digit(text: str) -> bool:
    """Whether the digits in `text` end with their Luhn check digit (ISO/IEC 7812)."""
    digits = text.translate(_SEPARATORS)[::-1]
    return sum(map(int, digits[::2] + digits[1::2].translate(_DOUBLED))) % 10 == 0


PATTERNS = {
    "email": Pattern(_found(_EMAIL), re.compile(rb"@")),
    "card": Pattern(cards, re.compile(rb"[2-6][0-9]{3}[ -]?[0-9]{4}")),
    "token": Pattern(
        _found(_TOKEN),
        re.compile(rb"eyJ|(?i:bearer|basic) |gh[oprsu][_-]|github_pat|glpat|xox|[spra]k[_-]|AKIA|ASIA|AIza"),
    ),
}
"""Every pattern by its name in rules."""


def replaced(text: str, pattern: Pattern, replace: Callable[[str], str]) -> tuple[str, int]:
    """The text with `replace` applied to everything that the pattern finds, and how often that was."""
    parts: list[str] = []
    place = count = 0
    for start, end in pattern.ranges(text):
        parts += [text[place:start], replace(text[start:end])]
        place, count = end, count + 1
    return ("".join([*parts, text[place:]]), count) if count else (text, 0)

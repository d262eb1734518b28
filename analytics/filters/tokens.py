"""Reads the parts of a filter from its text: words, quoted texts, and values with wildcards."""

import re
from typing import NoReturn

from analytics.errors import ValidationFailed

SHOWN = 20
"""Maximum number of characters of a filter that a message shows."""
ESCAPABLE = ' *\\()"'
"""Characters that stand for themselves after a backslash in a value."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


def refuse(text: str, at: int, problem: str) -> NoReturn:
    """Raise the error of a filter.

    Raises:
        ValidationFailed: always; the message says the place, counted from 1, and shows what stands there.
    """
    rest = text[at : at + SHOWN] + ("…" if len(text) > at + SHOWN else "")
    where = f"at character {at + 1}: {rest}" if rest else "at the end"
    message = f"{problem} ({where})."
    raise ValidationFailed(f"q: {message}", fields={"q": [message]})


def quoted(text: str, at: int) -> tuple[str, int]:
    r"""The text inside of the quotes that start at `at`, and where it ends; `\"` and `\\` stand for `"` and `\`.

    Raises:
        ValidationFailed: the quote is not closed.
    """
    found = _QUOTED.match(text, at)
    if found is None:
        refuse(text, at, r"This quote is not closed; inside of quotes, \" stands for a quote")
    return _ESCAPED.sub(r"\1", found[1]), found.end()


def word_end(text: str, at: int) -> int:
    """Where the word ends that starts at `at`: at white space, or a parenthesis that was not opened in the word."""
    opened = 0
    while at < len(text):
        character = text[at]
        if character.isspace() or (character == ")" and opened == 0):
            break
        opened += (character == "(") - (character == ")")
        at += 1
    return at


def value(text: str, at: int) -> tuple[list[str], int]:
    r"""The value that starts at `at`, split at each `*`, and where it ends: like a word, but `\ ` is a blank.

    A backslash makes the characters in `ESCAPABLE` literal.
    """
    pieces, piece, opened = [], list[str](), 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text) and text[at + 1] in ESCAPABLE:
            piece.append(text[at + 1])
            at += 2
            continue
        if character.isspace() or (character == ")" and opened == 0):
            break
        opened += (character == "(") - (character == ")")
        if character == "*":
            pieces.append("".join(piece))
            piece.clear()
        else:
            piece.append(character)
        at += 1
    return [*pieces, "".join(piece)], at
